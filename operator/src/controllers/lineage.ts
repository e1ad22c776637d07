import {
  type Attests,
  type Backfill,
  joined,
  type Lineage,
  lineageIn,
  NOBODY,
  type Proves,
  provenanceOf,
  SOMEBODY,
  type Workflow,
  type WorkflowRun,
} from '../api/index.ts';
import { isFromBefore } from '../engine/index.ts';

export interface LineageDeps {
  readonly attests: Pick<Attests, 'requester' | 'desiredState'>;
  readonly proves: Proves;
}

/** Who asked for a run, as far back as it goes: when it began, and by setting it going again since. */
export function lineageOf(run: WorkflowRun, deps: LineageDeps): Lineage {
  const resumed = resumedBy(run, deps);
  return joined(begunLineageOf(run, deps), { requesters: resumed === undefined ? [] : [resumed], unknown: false });
}

/** Who asked for a run when it began. That is kept in its status, which nobody but the operator writes, and shown to people. */
export function begunLineageOf(run: WorkflowRun, deps: LineageDeps): Lineage {
  const { requesters, state } = run.status ?? {};
  if (requesters) return lineageIn({ requesters: requesters.usernames, unknown: requesters.unknown });
  return state === undefined ? lineageAtStart(run, deps) : lineageFromBefore(run);
}

/**
 * Who asked for a run that begins: as the operator says of what it made, else its own requester; and for what it repeats,
 * whoever asked for that.
 */
export function lineageAtStart(
  run: WorkflowRun,
  { attests, proves }: LineageDeps,
  { workflow, repeats }: { readonly workflow?: Workflow; readonly repeats?: Lineage } = {},
): Lineage {
  const made = provenanceOf(run, proves);
  const { requester } = run.spec;
  const own = attests.requester(run) && requester ? { requesters: [requester.username], unknown: false } : SOMEBODY;
  const isOld = workflow !== undefined && isTriggered(run) && isFromBefore(workflow, run);
  const asked = made ? lineageIn(made) : isOld && !requester ? NOBODY : own;
  return joined(asked, repeats ?? NOBODY);
}

/** A run that began before lineages were kept: its requester, or nobody where a trigger made it. */
function lineageFromBefore({ spec, status }: WorkflowRun): Lineage {
  const { requester } = status ?? {};
  const unknown = requester?.attested !== true && !isTriggered({ spec });
  return { requesters: requester ? [requester.username] : [], unknown };
}

const isTriggered = ({ spec }: Pick<WorkflowRun, 'spec'>): boolean => (spec.origin?.type ?? 'Manual') !== 'Manual';

/** Who set a run, or a Backfill, going again. */
export function resumedBy(
  asked: WorkflowRun | Backfill,
  { attests }: Pick<LineageDeps, 'attests'>,
): string | undefined {
  const { desiredState, desiredStateBy } = asked.spec;
  if (desiredState !== 'Running' || !desiredStateBy || !attests.desiredState(asked)) return undefined;
  return desiredStateBy.username;
}

/** A lineage as the status shows and keeps it. */
export const shownLineage = ({ requesters, unknown }: Lineage) => ({
  usernames: [...requesters],
  ...(unknown ? { unknown: true as const } : {}),
});
