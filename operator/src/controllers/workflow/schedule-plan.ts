import {
  type ConditionWish,
  type Schedule,
  schedule as scheduleSchema,
  type Workflow,
  type WorkflowStatus,
} from '../../api/index.ts';
import { findRevision, type Stores } from '../stores/stores.ts';
import type { SchedulePlan } from './schedules.ts';

const NOTHING: SchedulePlan = { schedules: [], declared: undefined };
const GO_ON = '; schedules keep using the last valid definition';
const MAX_MESSAGE = 2048;

/** What the schedules of a valid Workflow run. */
export function planOf({ spec }: Workflow): SchedulePlan {
  return { schedules: spec.triggers?.schedules ?? [], declared: spec.parameters };
}

/** The copy that is kept of valid schedules, for when an edit makes the Workflow invalid. */
export function pinnedBy({ schedules }: SchedulePlan): Pick<WorkflowStatus, 'pinnedSchedules'> {
  return schedules.length === 0 ? {} : { pinnedSchedules: JSON.stringify(schedules) };
}

/** What the schedules of a Workflow run that is not valid any more: all of it as it was when it last was. */
export function pinnedPlan(stores: Stores, { metadata, status }: Workflow): SchedulePlan {
  const { definition, pinnedSchedules } = status ?? {};
  const pinned = findRevision(stores, metadata.namespace ?? '', metadata.name, definition);
  if ('reason' in pinned || pinnedSchedules === undefined) return NOTHING;
  return { schedules: schedulesIn(pinnedSchedules), declared: pinned.content.definition.parameters };
}

/** Nobody else writes it; what does not fit all the same runs nothing. */
function schedulesIn(text: string): readonly Schedule[] {
  try {
    return scheduleSchema.array().parse(JSON.parse(text));
  } catch {
    return [];
  }
}

/** The condition says what goes on all the same. */
export function withSchedules(wish: ConditionWish): ConditionWish {
  return { ...wish, message: `${wish.message.slice(0, MAX_MESSAGE - GO_ON.length)}${GO_ON}` };
}

/** What the schedules of a Workflow run now: as it is if it is valid, else as it last was. */
export function planFor(stores: Stores, workflow: Workflow): SchedulePlan {
  const { metadata, status } = workflow;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const isCurrent = status?.observedGeneration === metadata.generation && ready?.status === 'True';
  return isCurrent ? planOf(workflow) : pinnedPlan(stores, workflow);
}
