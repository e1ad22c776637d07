import {
  controllerOf,
  LABEL_SCHEDULE,
  type Parameter,
  type Schedule,
  timeOf,
  triggeredRun,
  type Workflow,
  type WorkflowRun,
  type WorkflowRunSpec,
} from '../../api/index.ts';
import { triggerParameters } from '../../engine/index.ts';
import { ApiError, isAlreadyExists, type KubeClient } from '../../runtime/index.ts';
import { runNameOf, type ScheduleIdentity } from '../../schedules/index.ts';
import { WORKFLOW_RUNS } from '../resources.ts';

/** What is to run, and who asks for it. */
export interface SlotRequest {
  readonly workflow: Workflow;
  readonly schedule: Pick<Schedule, 'name' | 'with'>;
  readonly slot: number;
  /** The parameters that the definition declares. */
  readonly declared: readonly Parameter[] | undefined;
  readonly backfill?: { readonly name: string; readonly uid: string };
  readonly number?: number;
}

/** What came of asking for the run of a slot. */
export type Made =
  | { readonly type: 'Made'; readonly run: WorkflowRun }
  /** It is there already, made for this slot. */
  | { readonly type: 'Exists'; readonly run: WorkflowRun }
  /** It cannot be made. `retry`: something else may change that. */
  | { readonly type: 'Refused'; readonly message: string; readonly retry: boolean };

export const identityOf = ({ metadata }: Workflow, schedule: string): ScheduleIdentity => ({
  workflow: metadata.name,
  uid: metadata.uid ?? '',
  schedule,
});

/** Whether a run is of a schedule of this Workflow, and not of one that had its name before. */
export function isOfSchedule({ metadata, spec }: WorkflowRun, workflow: Workflow, schedule: string): boolean {
  return spec.origin?.schedule === schedule && controllerOf(metadata)?.uid === workflow.metadata.uid;
}

/** Makes the run of a slot, whose name comes from the slot: made again, it is found. */
export async function makeSlotRun(client: KubeClient, request: SlotRequest, signal: AbortSignal): Promise<Made> {
  const { workflow, schedule, slot, declared } = request;
  const context = { schedule: { name: schedule.name, slot: timeOf(slot) } };
  const given = triggerParameters(schedule.with, declared, context);
  if ('field' in given) return { type: 'Refused', message: `${given.field}: ${given.message}`, retry: false };
  const run = slotRun(request, given.parameters);
  try {
    return { type: 'Made', run: await client.create<WorkflowRun>(WORKFLOW_RUNS, run, { signal }) };
  } catch (error) {
    if (isAlreadyExists(error)) {
      const existing = await client.get<WorkflowRun>(WORKFLOW_RUNS, run.metadata, { signal });
      if (isOfSchedule(existing, workflow, schedule.name)) return { type: 'Exists', run: existing };
      const message = `a WorkflowRun ${run.metadata.name} exists that is not of this schedule; delete it`;
      return { type: 'Refused', message, retry: true };
    }
    if (!isRefusal(error)) throw error;
    return { type: 'Refused', message: `the API server refuses the run: ${error.message}`, retry: true };
  }
}

/** An answer about this run; all else says something of the server. */
const isRefusal = (error: unknown): error is ApiError =>
  error instanceof ApiError && [400, 403, 413, 422].includes(error.status);

function slotRun(request: SlotRequest, parameters: NonNullable<WorkflowRunSpec['parameters']>): WorkflowRun {
  const { workflow, schedule, slot, backfill, number } = request;
  const of = { schedule: schedule.name, slot: timeOf(slot) };
  return triggeredRun(workflow, {
    name: runNameOf(identityOf(workflow, schedule.name), slot),
    labels: { [LABEL_SCHEDULE]: schedule.name },
    origin: backfill
      ? { type: 'Backfill', ...of, backfill: backfill.name, uid: backfill.uid }
      : { type: 'Schedule', ...of },
    ...{ parameters, number },
  });
}
