import { encodeEvent, objectKey, type WorkflowRun, type WorkflowRunStatus } from '../../api/index.ts';
import { accept, evolve, type RunState, resolveParameters } from '../../engine/index.ts';
import { TerminalError } from '../../runtime/index.ts';
import { findRevision, type Stores } from '../stores.ts';
import type { RunDeps } from './deps.ts';
import { givenTo, originalOf, originOf, type Pinned, takenOver } from './origin.ts';

/** Why a run cannot start now. */
export interface NotYet {
  readonly reason: 'WorkflowNotFound' | 'WorkflowNotReady';
  readonly message: string;
}

/** A run that can start: what it executes, and its state after its first events. */
export interface Accepted extends Pinned {
  readonly state: RunState;
  readonly encoded: readonly string[];
  /** The series of runs that it belongs to, if it repeats another. */
  readonly lineage: WorkflowRunStatus['origin'];
}

/**
 * What a run without state starts from.
 * @throws TerminalError InvalidParameters when its parameters do not fit, InvalidOrigin when it cannot repeat what it names
 */
export async function acceptRun(
  deps: Pick<RunDeps, 'client' | 'stores' | 'plans'>,
  run: WorkflowRun,
  now: number,
  signal: AbortSignal,
): Promise<Accepted | NotYet> {
  const origin = originOf(deps, run);
  const pinned = (origin && originalOf(deps, run, origin)) ?? newest(deps.stores, run);
  if ('reason' in pinned) return pinned;
  const { parameters: declared } = pinned.definition;
  const given = origin ? givenTo(run, origin, declared) : run.spec.parameters;
  const parameters = resolveParameters(declared, given);
  if ('problem' in parameters) throw new TerminalError('InvalidParameters', parameters.problem);
  const { state, encoded } = accept(pinned.digest, parameters.values, now);
  const copied = origin && (await takenOver(deps, run, origin, pinned, signal));
  if (!copied) return { ...pinned, state, encoded: [encoded], lineage: origin?.lineage };
  return { ...pinned, state: evolve(state, copied), encoded: [encoded, encodeEvent(copied)], lineage: origin.lineage };
}

/** The definition of the Workflow as it is now. */
function newest(stores: Stores, run: WorkflowRun): Pinned | NotYet {
  const { namespace = '' } = run.metadata;
  const { name } = run.spec.workflowRef;
  const workflow = stores.workflows.get(objectKey({ namespace, name }));
  if (!workflow)
    return { reason: 'WorkflowNotFound', message: `there is no Workflow ${name} in ${namespace} yet; create it` };
  const { status, metadata } = workflow;
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
  const isCurrent = status?.observedGeneration === metadata.generation && ready?.status === 'True';
  const pinned =
    status?.definition && findRevision(stores, namespace, status.definition.revision, status.definition.digest);
  if (!isCurrent || !status?.definition || !pinned) {
    const why = ready?.status === 'False' ? `: ${ready.message}` : ' yet';
    return { reason: 'WorkflowNotReady', message: `the Workflow ${name} is not ready${why}`.slice(0, 2048) };
  }
  return { ...status.definition, definition: pinned.data };
}
