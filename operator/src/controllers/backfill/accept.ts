import {
  type Backfill,
  epochOf,
  MAX_BACKFILL_SLOTS,
  objectKey,
  type Reason,
  type Schedule,
  schedule as scheduleSchema,
  timeOf,
  type Workflow,
} from '../../api/index.ts';
import { ruleOf, slotsIn } from '../../schedules/index.ts';
import type { Stores } from '../stores/stores.ts';
import { windowOf } from '../workflow/backfill-window.ts';
import { planFor } from '../workflow/schedule-plan.ts';
import type { SchedulePlan } from '../workflow/schedules.ts';

/** What a Backfill works on: the schedule as it was when it began, and the slots in their order. */
export interface Accepted {
  readonly workflow: Workflow;
  readonly schedule: Schedule;
  readonly declared: SchedulePlan['declared'];
  readonly slots: readonly number[];
}

export interface Refused {
  readonly reason: Reason;
  readonly message: string;
  /** It can never begin: the fields in question cannot change. */
  readonly isFinal: boolean;
}

/** What keeps a Backfill from running, or what it runs. */
export function acceptBackfill(stores: Stores, backfill: Backfill, now: number): Accepted | Refused {
  const { namespace = '' } = backfill.metadata;
  const { workflow: name } = backfill.spec;
  const workflow = stores.workflows.get(objectKey({ namespace, name }));
  if (!workflow) {
    const message = `Workflow ${name} not found in ${namespace}; create it`;
    return { reason: 'WorkflowNotFound', message, isFinal: false };
  }
  if (!workflow.status?.definition) {
    const message = `Workflow ${name} is not ready yet; see its conditions`;
    return { reason: 'WorkflowNotReady', message, isFinal: false };
  }
  const plan = planFor(stores, workflow);
  const schedule = pinnedIn(backfill) ?? plan.schedules.find((each) => each.name === backfill.spec.schedule);
  if (!schedule) return notFound(backfill, plan);
  const problem = windowProblem(backfill, now);
  if (problem) return { reason: 'WindowInvalid', message: problem, isFinal: true };
  const slots = slotsIn(ruleOf(schedule), windowOf(backfill), MAX_BACKFILL_SLOTS);
  if (slots && slots.length > 0) return { workflow, schedule, declared: plan.declared, slots };
  return { reason: 'WindowInvalid', message: countProblem(backfill, slots === undefined), isFinal: true };
}

/** The schedule as it was when the Backfill began. */
function pinnedIn({ status }: Backfill): Schedule | undefined {
  if (status?.plan === undefined) return undefined;
  return scheduleSchema.parse(JSON.parse(status.plan)) as Schedule;
}

function notFound({ spec }: Backfill, { schedules }: SchedulePlan): Refused {
  const names = schedules.map(({ name }) => name).join(', ') || 'none';
  const message = `Workflow ${spec.workflow} has no valid schedule ${spec.schedule}; valid schedules: ${names}`;
  return { reason: 'ScheduleNotFound', message, isFinal: false };
}

function windowProblem({ spec, metadata, status }: Backfill, now: number): string | undefined {
  const [from, to] = [epochOf(spec.from), epochOf(spec.to)];
  if (from === undefined || to === undefined) return 'from and to must be timestamps such as 2027-01-01T00:00:00Z';
  if (from >= to) return `the window from ${spec.from} to ${spec.to} is empty; set to after from`;
  const latest = Math.max(now, epochOf(metadata.creationTimestamp) ?? now);
  if (status?.plan !== undefined || to <= latest) return undefined;
  return `to is ${spec.to}, but the current time is ${timeOf(now)}; future slots belong to the schedule: set to earlier`;
}

function countProblem({ spec }: Backfill, isTooMany: boolean): string {
  const window = `the window from ${spec.from} to ${spec.to}`;
  if (!isTooMany) return `${window} contains no slot of the schedule; choose another window`;
  return `${window} contains more than ${MAX_BACKFILL_SLOTS} slots; split it into several Backfills`;
}
