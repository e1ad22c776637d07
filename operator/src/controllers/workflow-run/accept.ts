import { type Definition, objectKey, type WorkflowRun } from '../../api/index.ts';
import { accept, type RunState, resolveParameters } from '../../engine/index.ts';
import { TerminalError } from '../../runtime/index.ts';
import { findRevision, type Stores } from '../stores.ts';

/** Why a run cannot start now. */
export interface NotYet {
  readonly reason: 'WorkflowNotFound' | 'WorkflowNotReady';
  readonly message: string;
}

/** A run that can start: what it executes, and its state after the first event. */
export interface Accepted {
  readonly revision: string;
  readonly digest: string;
  readonly definition: Definition;
  readonly state: RunState;
  readonly encoded: string;
}

/**
 * What a run without state starts from.
 * @throws TerminalError InvalidParameters when its parameters do not fit
 */
export function acceptRun(stores: Stores, run: WorkflowRun, now: number): Accepted | NotYet {
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
  const { digest, revision } = status.definition;
  const parameters = resolveParameters(pinned.data.parameters, run.spec.parameters);
  if ('problem' in parameters) throw new TerminalError('InvalidParameters', parameters.problem);
  const { state, encoded } = accept(digest, parameters.values, now);
  return { revision, digest, definition: pinned.data, state, encoded };
}
