import { continuedAs, objectKey, type WorkflowRun } from '../../../api/index.ts';
import { acceptContinuing, decodeState } from '../../../engine/index.ts';
import { TerminalError } from '../../../runtime/index.ts';
import { lineageOf } from '../../lineage.ts';
import { readRun } from '../../stores/read-run.ts';
import { findRevision } from '../../stores/stores.ts';
import type { RunDeps } from '../deps.ts';
import { freshest } from '../memory.ts';
import { isSuccessor } from '../successor.ts';
import type { Accepted, NotYet } from './acceptance.ts';

type ContinueDeps = Pick<RunDeps, 'client' | 'stores' | 'memories' | 'attests' | 'proves'>;

/**
 * What a run starts from that continues another: what is stored of that one, once that has ended. It has the turn of its
 * chain, so it never waits for one.
 * @throws TerminalError PredecessorGone or InvalidOrigin when there is nothing to continue
 */
export async function acceptSuccessor(
  deps: ContinueDeps,
  run: WorkflowRun,
  now: number,
  signal: AbortSignal,
): Promise<Accepted | NotYet> {
  const before = await predecessorOf(deps, run, signal);
  const { name } = before.metadata;
  if (continuedAs(before) === undefined) {
    return { reason: 'ChainBusy', message: `${name}, which this run continues, has not ended yet` };
  }
  const state = decodeState(before.status?.state ?? '');
  if (continuedAs(before) !== run.metadata.name || state.continuing?.index !== run.spec.continues?.index) {
    throw new TerminalError('InvalidOrigin', `${name} was continued by ${continuedAs(before)}; delete this run`);
  }
  if (!isSuccessor(deps, run, before, state.continuing?.index ?? 0)) {
    throw new TerminalError('InvalidOrigin', `this run was not created by the operator to continue ${name}; delete it`);
  }
  const { namespace = '' } = run.metadata;
  const found = findRevision(deps.stores, namespace, run.spec.workflowRef.name, before.status?.definition);
  if ('reason' in found) return found;
  const { state: next, encoded } = acceptContinuing(state, now);
  return { ...found, state: next, encoded: [encoded], lineage: before.status?.origin, asked: lineageOf(before, deps) };
}

async function predecessorOf(deps: ContinueDeps, run: WorkflowRun, signal: AbortSignal): Promise<WorkflowRun> {
  const { run: name = '', uid = '' } = run.spec.continues ?? {};
  const { namespace = '' } = run.metadata;
  const cached = deps.stores.runs.get(objectKey({ namespace, name }));
  if (cached && cached.metadata.uid === uid) return freshest(cached, deps.memories.of(uid));
  const ghost = { ...run, metadata: { name, namespace, uid } };
  const live = await readRun(deps, ghost, signal);
  if (live) return live;
  throw new TerminalError('PredecessorGone', `the run ${name}, which this one continues, is gone; start a new run`);
}
