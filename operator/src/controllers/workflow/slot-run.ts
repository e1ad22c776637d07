import {
  type Attests,
  controllerOf,
  joined,
  LABEL_SCHEDULE,
  type Lineage,
  objectKey,
  type Parameter,
  type Proves,
  provenanceOf,
  type Schedule,
  timeOf,
  triggeredRun,
  type Workflow,
  type WorkflowRun,
  type WorkflowRunSpec,
} from '../../api/index.ts';
import { digestText, isFromBefore, lineageOfWorkflow, namesOfRun, triggerParameters } from '../../engine/index.ts';
import { ApiError, createNamed, isNotFound, type KubeClient } from '../../runtime/index.ts';
import { runNameOf, type ScheduleIdentity } from '../../schedules/index.ts';
import { WORKFLOW_RUNS } from '../resources.ts';
import type { Stores } from '../stores/stores.ts';

/** What is to run, and who asks for it. */
export interface SlotRequest {
  readonly workflow: Workflow;
  readonly schedule: Pick<Schedule, 'name' | 'with'>;
  readonly slot: number;
  /** The parameters that the definition declares. */
  readonly declared: readonly Parameter[] | undefined;
  readonly backfill?: { readonly name: string; readonly uid: string; readonly lineage: Lineage };
  readonly number?: number;
}

/** What came of asking for the run of a slot. */
export type Made = { /** Runs of others under its names. */ readonly strangers?: readonly string[] } & (
  | { readonly type: 'Made'; readonly run: WorkflowRun }
  /** It is there already, made for this slot. */
  | { readonly type: 'Exists'; readonly run: WorkflowRun }
  /** It cannot be made. `retry`: something else may change that. */
  | { readonly type: 'Refused'; readonly message: string; readonly retry: boolean }
);

export const identityOf = ({ metadata }: Workflow, schedule: string): ScheduleIdentity => ({
  workflow: metadata.name,
  uid: metadata.uid ?? '',
  schedule,
});

export interface SlotDeps {
  readonly client: KubeClient;
  readonly stores: Pick<Stores, 'runs'>;
  readonly attests: Attests;
  readonly proves: Proves;
}

/**
 * Whether a run is of a schedule of this Workflow, and not of one that had its name before: the operator made it. Of one
 * from before there were proofs its owner says so.
 */
export function isOfSchedule(run: WorkflowRun, workflow: Workflow, schedule: string, proves: Proves): boolean {
  const { metadata, spec } = run;
  if (spec.origin?.schedule !== schedule) return false;
  const made = provenanceOf(run, proves);
  if (made) return made.workflow === workflow.metadata.uid;
  return isFromBefore(workflow, run) && controllerOf(metadata)?.uid === workflow.metadata.uid;
}

/** Whether a run is the one of a slot. */
const isOfSlot = (run: WorkflowRun, { workflow, schedule, slot }: SlotOf, proves: Proves): boolean =>
  run.spec.origin?.slot === timeOf(slot) &&
  run.spec.continues === undefined &&
  isOfSchedule(run, workflow, schedule.name, proves);

type SlotOf = Pick<SlotRequest, 'workflow' | 'slot'> & { readonly schedule: Pick<Schedule, 'name'> };

/** The names that the run of a slot may have; the first, unless it is taken. */
export function namesOfSlot({ workflow, schedule, slot }: SlotOf, proves: Proves): string[] {
  const identity = identityOf(workflow, schedule.name);
  return namesOfRun(runNameOf(identity, slot), workflow, keyOfSlot(schedule.name, slot), proves);
}

const keyOfSlot = (schedule: string, slot: number) => digestText(JSON.stringify(['Slot', schedule, timeOf(slot)]));

/** The run of a slot, if the cache has it. */
export function knownSlotRun(
  { stores, proves }: Pick<SlotDeps, 'stores' | 'proves'>,
  of: SlotOf,
): WorkflowRun | undefined {
  const { namespace = '' } = of.workflow.metadata;
  const runs = namesOfSlot(of, proves).map((name) => stores.runs.get(objectKey({ namespace, name })));
  return runs.find((run) => run !== undefined && isOfSlot(run, of, proves));
}

/** The run of a slot, if the server has it: the cache may not show what was made a moment ago. */
export async function liveSlotRun(
  { client, proves }: Pick<SlotDeps, 'client' | 'proves'>,
  of: SlotOf,
  signal: AbortSignal,
): Promise<WorkflowRun | undefined> {
  const { namespace = '' } = of.workflow.metadata;
  for (const name of namesOfSlot(of, proves)) {
    try {
      const run = await client.get<WorkflowRun>(WORKFLOW_RUNS, { namespace, name }, { signal });
      if (isOfSlot(run, of, proves)) return run;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return undefined;
}

/** Makes the run of a slot, whose name comes from the slot: made again, it is found. */
export async function makeSlotRun(deps: SlotDeps, request: SlotRequest, signal: AbortSignal): Promise<Made> {
  const { schedule, slot, declared } = request;
  const { client, proves } = deps;
  const context = { schedule: { name: schedule.name, slot: timeOf(slot) } };
  const given = triggerParameters(schedule.with, declared, context);
  if ('field' in given) return { type: 'Refused', message: `${given.field}: ${given.message}`, retry: false };
  const known = knownSlotRun(deps, request);
  if (known) return { type: 'Exists', run: known };
  const names = namesOfSlot(request, proves);
  const build = (name: string) => slotRun(deps, request, name, given.parameters);
  const isOurs = (existing: WorkflowRun) => isOfSlot(existing, request, proves);
  try {
    const { object, isNew, strangers } = await createNamed(client, WORKFLOW_RUNS, names, build, isOurs, { signal });
    if (object) return { type: isNew ? 'Made' : 'Exists', run: object, strangers };
    const message = `WorkflowRuns ${strangers.join(', ')} exist but do not belong to this schedule; delete them`;
    return { type: 'Refused', message, retry: true, strangers };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { type: 'Refused', message: `the API server refuses the run: ${error.message}`, retry: true };
  }
}

/** An answer about this run; all else says something of the server. */
const isRefusal = (error: unknown): error is ApiError =>
  error instanceof ApiError && [400, 403, 413, 422].includes(error.status);

/** Whoever wrote the schedule asks, and whoever asked for the Backfill. */
function slotRun(
  { attests, proves }: SlotDeps,
  request: SlotRequest,
  name: string,
  parameters: NonNullable<WorkflowRunSpec['parameters']>,
): WorkflowRun {
  const { workflow, schedule, slot, backfill, number } = request;
  const of = { schedule: schedule.name, slot: timeOf(slot) };
  const lineage = lineageOfWorkflow(workflow, attests);
  const triggered = {
    name,
    labels: { [LABEL_SCHEDULE]: schedule.name },
    origin: backfill
      ? ({ type: 'Backfill', ...of, backfill: backfill.name, uid: backfill.uid } as const)
      : ({ type: 'Schedule', ...of } as const),
    ...{ parameters, number, depth: 0, key: keyOfSlot(schedule.name, slot) },
    lineage: backfill ? joined(backfill.lineage, lineage) : lineage,
  };
  return triggeredRun(workflow, triggered, proves);
}
