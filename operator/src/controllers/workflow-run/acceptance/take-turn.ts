import { objectKey, parseDuration, type Workflow, type WorkflowRun } from '../../../api/index.ts';
import { ExpressionError } from '../../../engine/index.ts';
import { isNotFound, isPatchMismatch, TerminalError } from '../../../runtime/index.ts';
import { WORKFLOW_RUNS } from '../../resources.ts';
import { RUNS_BY_WORKFLOW } from '../../stores/stores.ts';
import type { Turn } from '../concurrency/turn.ts';
import type { Asking } from '../concurrency/workflow-gate.ts';
import type { RunDeps } from '../deps.ts';
import { type Declined, type NotYet, workflowNotFound } from './acceptance.ts';

type TurnDeps = Pick<RunDeps, 'stores' | 'client' | 'memories'>;

/** No event is lost, but the places that are told change. */
const QUEUED_AGAIN_MS = parseDuration('60s');
const LIST_LIMIT = 500;

export interface Candidate extends Asking {
  readonly workflow: Workflow;
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
  if (!concurrencyGate.isChecked(workflow)) {
    const live = await liveRuns(deps, workflow, signal);
    if (!deps.stores.workflows.get(objectKey(workflow.metadata))) return workflowNotFound(workflow.metadata);
    concurrencyGate.check(workflow, live);
  }
  const turn = ask(deps, candidate);
  if (turn.type === 'Go') return undefined;
  if (turn.type === 'Skip') return { declined: 'ConcurrencySkipped', message: turn.message };
  if (turn.type === 'Replace') {
    const { namespace = '' } = workflow.metadata;
    for (const { name, uid } of turn.cancel) {
      const victim = deps.stores.runs.get(objectKey({ name, namespace }));
      if (victim?.metadata.uid === uid) await cancelRun(deps, victim, signal);
    }
  }
  return queued(turn.message);
}

/**
 * Why a run that took no place before still has none. It asks nothing but the gate: parameters, history and definitions
 * are read when it is the run's turn.
 */
export function stillQueued(
  { memories }: Pick<TurnDeps, 'memories'>,
  workflow: Workflow,
  run: WorkflowRun,
): NotYet | undefined {
  const turn = memories.concurrencyGate.stillQueued(workflow, run);
  return turn?.type === 'Wait' ? queued(turn.message) : undefined;
}

const queued = (message: string): NotYet => ({ reason: 'Queued', message, lookAgainAfter: QUEUED_AGAIN_MS });

function ask({ memories, stores }: TurnDeps, { workflow, ...asking }: Candidate): Turn {
  const siblings = () => stores.runs.byIndex(RUNS_BY_WORKFLOW, objectKey(workflow.metadata));
  try {
    return memories.concurrencyGate.ask(workflow, asking, siblings);
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
