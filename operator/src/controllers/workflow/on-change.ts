import {
  ANNOTATION_DIGEST,
  triggeredRun,
  type Workflow,
  type WorkflowRun,
  type WorkflowStatus,
} from '../../api/index.ts';
import { digestOfWatched, digestText } from '../../engine/index.ts';
import { isAlreadyExists, TerminalError } from '../../runtime/index.ts';
import { WORKFLOW_RUNS } from '../resources.ts';
import type { WorkflowDeps } from './deps.ts';

type Mark = NonNullable<WorkflowStatus['lastApplied']>;

/** What onChange calls for: a new mark, and the run to make before it is set. */
export interface Change {
  readonly mark: Mark;
  readonly run?: WorkflowRun;
}

/** Changes in a row, each while the run of the one before was under way, that are run without a person. */
export const MAX_GENERATIONS = 20;
/** How long after its end a run may still be what has changed its Workflow: changes are seen late, ms. */
const AFTER_END_MS = 30_000;

/** What is known of the runs of a workflow, and the time. */
export interface History {
  readonly runs: readonly WorkflowRun[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * Compares what onChange watches with its high-water mark. The run's name comes from the workflow's uid, the digest and
 * the ordinal of the mark before, so going A → B → A runs three times, and making it again after a crash is
 * AlreadyExists. A workflow that its own runs change over and over is stopped, until somebody starts a run by hand.
 */
export function changeOf(workflow: Workflow, history: History): Change | 'Stopped' | undefined {
  const { onChange } = workflow.spec.triggers ?? {};
  if (!onChange) return undefined;
  const digest = digestOfWatched(workflow.spec, onChange.of);
  const before = workflow.status?.lastApplied;
  if (before?.digest === digest) return undefined;
  const ordinal = before?.ordinal ?? 0;
  if (!before && onChange.onCreate === 'Ignore') return { mark: { digest, ordinal: 1 } };
  const generation = generationOf(before?.run, history);
  if (generation > MAX_GENERATIONS) return 'Stopped';
  const { name, uid = '' } = workflow.metadata;
  const run = `${name}-${digestText(`${uid}/${digest}/${ordinal}`).slice(0, 8)}`;
  const number = ordinal + 1;
  const origin = { type: 'OnChange', digest, generation } as const;
  const annotations = { [ANNOTATION_DIGEST]: digest };
  return {
    mark: { digest, ordinal: number, run },
    run: triggeredRun(workflow, { name: run, origin, number, annotations }),
  };
}

/**
 * How many runs in a row may have changed the workflow. It is counted in `spec.origin` of the runs, which nobody but the
 * operator writes and nobody changes.
 */
function generationOf(before: string | undefined, { runs, now }: History): number {
  const run = runs.find(({ metadata }) => metadata.name === before);
  if (run === undefined) return 0;
  const { finishedAt } = run.status ?? {};
  if (finishedAt !== undefined && now - Date.parse(finishedAt) > AFTER_END_MS)
    return isStopped(run) && !isByHand(run, runs) ? MAX_GENERATIONS + 1 : 0;
  return isByHand(run, runs) ? 0 : (run.spec.origin?.generation ?? 0) + 1;
}

/** The end of the run does not start it anew. */
const isStopped = ({ spec }: WorkflowRun) => (spec.origin?.generation ?? 0) >= MAX_GENERATIONS;

/** Whether somebody has started a run by hand since. */
function isByHand({ metadata }: WorkflowRun, runs: readonly WorkflowRun[]): boolean {
  const since = metadata.creationTimestamp ?? '';
  return runs.some((run) => {
    const { type = 'Manual' } = run.spec.origin ?? {};
    return type === 'Manual' && (run.metadata.creationTimestamp ?? '') > since;
  });
}

/** Makes the run of a change. A run of that name for another digest is a stranger's, and is not adopted. */
export async function makeRun(deps: WorkflowDeps, run: WorkflowRun, signal: AbortSignal): Promise<void> {
  try {
    await deps.client.create(WORKFLOW_RUNS, run, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await deps.client.get<WorkflowRun>(WORKFLOW_RUNS, run.metadata, { signal });
    if (existing.metadata.annotations?.[ANNOTATION_DIGEST] === run.metadata.annotations?.[ANNOTATION_DIGEST]) return;
    throw new TerminalError(
      'NameTaken',
      `a WorkflowRun ${run.metadata.name} exists that onChange did not make; delete it`,
    );
  }
}
