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

/**
 * Compares what onChange watches with its high-water mark. The run's name comes from the workflow's uid, the digest and
 * the ordinal of the mark before, so going A → B → A runs three times, and making it again after a crash is
 * AlreadyExists.
 */
export function changeOf(workflow: Workflow): Change | undefined {
  const { onChange } = workflow.spec.triggers ?? {};
  if (!onChange) return undefined;
  const digest = digestOfWatched(workflow.spec, onChange.of);
  const before = workflow.status?.lastApplied;
  if (before?.digest === digest) return undefined;
  const ordinal = before?.ordinal ?? 0;
  if (!before && onChange.onCreate === 'Ignore') return { mark: { digest, ordinal: 1 } };
  const { name, uid = '' } = workflow.metadata;
  const run = `${name}-${digestText(`${uid}/${digest}/${ordinal}`).slice(0, 8)}`;
  const number = ordinal + 1;
  const origin = { type: 'OnChange', digest } as const;
  const annotations = { [ANNOTATION_DIGEST]: digest };
  return {
    mark: { digest, ordinal: number, run },
    run: triggeredRun(workflow, { name: run, origin, number, annotations }),
  };
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
