import { type Definition, objectKey, parseDuration, type Workflow, type WorkflowRun } from '../../../api/index.ts';
import { ExpressionError, type RunState } from '../../../engine/index.ts';
import { isNotFound, isPatchMismatch, TerminalError } from '../../../runtime/index.ts';
import { WORKFLOW_RUNS } from '../../resources.ts';
import { RUNS_BY_WORKFLOW } from '../../stores/stores.ts';
import type { Turn } from '../concurrency/turn.ts';
import type { RunDeps } from '../deps.ts';
import type { Declined, NotYet } from './acceptance.ts';

type TurnDeps = Pick<RunDeps, 'stores' | 'client' | 'memories'>;

/** No event is lost, but the places that are told change. */
const QUEUED_AGAIN_MS = parseDuration('60s');
const LIST_LIMIT = 500;

export interface Candidate {
  readonly workflow: Workflow;
  readonly definition: Definition;
  readonly run: WorkflowRun;
  readonly params: RunState['parameters'];
}

/**
 * Takes one of the places that the Workflow has today; nothing if the run may start.
 * @throws TerminalError ExpressionError when the key cannot be computed
 */
export async function takeTurn(
  deps: TurnDeps,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<NotYet | Declined | undefined> {
  const { workflow } = candidate;
  if (!workflow.spec.concurrency) return undefined;
  const { concurrencyGate } = deps.memories;
  if (!concurrencyGate.isChecked(workflow)) concurrencyGate.check(workflow, await liveRuns(deps, workflow, signal));
  const siblings = deps.stores.runs.byIndex(RUNS_BY_WORKFLOW, objectKey(workflow.metadata));
  const turn = ask(deps, candidate, siblings);
  if (turn.type === 'Go') return undefined;
  if (turn.type === 'Skip') return { declined: 'ConcurrencySkipped', message: turn.message };
  if (turn.type === 'Replace') {
    const victims = turn.cancel.map(({ uid }) => siblings.find(({ metadata }) => metadata.uid === uid));
    for (const victim of victims) if (victim) await cancelRun(deps, victim, signal);
  }
  return { reason: 'Queued', message: turn.message, lookAgainAfter: QUEUED_AGAIN_MS };
}

function ask({ memories }: TurnDeps, candidate: Candidate, siblings: readonly WorkflowRun[]): Turn {
  const { workflow, definition, run, params } = candidate;
  try {
    return memories.concurrencyGate.ask(workflow, definition, run, params, siblings);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new TerminalError('ExpressionError', `spec.concurrency.key of the Workflow: ${error.message}`, error);
  }
}

/** Once in the life of a process: the cache may lag behind what the leader before this one has let in. */
async function liveRuns({ client }: TurnDeps, { metadata }: Workflow, signal: AbortSignal): Promise<WorkflowRun[]> {
  const { name, namespace = '' } = metadata;
  const fieldSelector = `spec.workflowRef.name=${name}`;
  const runs: WorkflowRun[] = [];
  let token: string | undefined;
  do {
    const query = { namespace, fieldSelector, limit: LIST_LIMIT, continue: token };
    const page = await client.list<WorkflowRun>(WORKFLOW_RUNS, query, { signal });
    runs.push(...page.items);
    token = page.metadata.continue || undefined;
  } while (token);
  return runs;
}

/** Asks a run to end. One that has been asked already, or is gone, is left alone. */
export async function cancelRun(
  { client }: Pick<TurnDeps, 'client'>,
  { metadata, spec }: WorkflowRun,
  signal: AbortSignal,
): Promise<void> {
  const { desiredState } = spec;
  if (desiredState !== 'Running' && desiredState !== 'Paused') return;
  const operations = [
    { op: 'test', path: '/metadata/uid', value: metadata.uid },
    { op: 'test', path: '/spec/desiredState', value: desiredState },
    { op: 'replace', path: '/spec/desiredState', value: 'Cancelled' },
  ] as const;
  try {
    await client.patch(WORKFLOW_RUNS, metadata, { kind: 'json', operations }, { signal, answer: 'Unread' });
  } catch (error) {
    if (!isNotFound(error) && !isPatchMismatch(error)) throw error;
  }
}
