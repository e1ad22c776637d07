import {
  ANNOTATION_DIGEST,
  objectKey,
  type Proves,
  provenanceOf,
  triggeredRun,
  type Workflow,
  type WorkflowRun,
  type WorkflowStatus,
} from '../../api/index.ts';
import {
  digestOfWatched,
  digestText,
  isFromBefore,
  isMadeFor,
  lineageOfWorkflow,
  namesOfRun,
} from '../../engine/index.ts';
import { createNamed, TerminalError } from '../../runtime/index.ts';
import { nameTaken, tellOfTakenNames } from '../name-taken.ts';
import { WORKFLOW_RUNS } from '../resources.ts';
import type { WorkflowDeps } from './deps.ts';

type Mark = NonNullable<WorkflowStatus['lastApplied']>;

/** What onChange calls for: a new mark, and the run to make before it is set. */
export interface Change {
  readonly mark: Mark;
  readonly run?: Wanted;
}

/** A run that is to be made for a change: under this name, unless others have it. */
export interface Wanted {
  readonly name: string;
  readonly key: string;
  readonly number: number;
  readonly origin: { readonly type: 'OnChange'; readonly digest: string; readonly generation: number };
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
export function changeOf(workflow: Workflow, history: History, proves: Proves): Change | 'Stopped' | undefined {
  const { onChange } = workflow.spec.triggers ?? {};
  if (!onChange) return undefined;
  const digest = digestOfWatched(workflow.spec, onChange.of);
  const before = workflow.status?.lastApplied;
  if (before?.digest === digest) return undefined;
  const ordinal = before?.ordinal ?? 0;
  if (!before && onChange.onCreate === 'Ignore') return { mark: { digest, ordinal: 1 } };
  const generation = generationOf(workflow, history, proves);
  if (generation > MAX_GENERATIONS) return 'Stopped';
  const { name, uid = '' } = workflow.metadata;
  const run = `${name}-${digestText(`${uid}/${digest}/${ordinal}`).slice(0, 8)}`;
  const number = ordinal + 1;
  const origin = { type: 'OnChange', digest, generation } as const;
  const key = digestText(JSON.stringify(['OnChange', digest, ordinal]));
  return { mark: { digest, ordinal: number, run }, run: { name: run, key, number, origin } };
}

/**
 * How many runs in a row may have changed the workflow. It is counted in `spec.origin` of the runs, which nobody but the
 * operator writes and nobody changes.
 */
function generationOf(workflow: Workflow, { runs, now }: History, proves: Proves): number {
  const before = workflow.status?.lastApplied?.run;
  const run = runs.find((each) => each.metadata.name === before && isOfWorkflow(each, workflow, proves));
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

/** Whether onChange of a Workflow made a run; one from before there were proofs says so itself. */
function isOfWorkflow(run: WorkflowRun, workflow: Workflow, proves: Proves): boolean {
  const made = provenanceOf(run, proves);
  return made ? made.workflow === workflow.metadata.uid : isFromBefore(workflow, run);
}

/**
 * Makes the run of a change, and returns its name. Runs of others that have one of its names are not adopted.
 * @throws TerminalError NameTaken where others have all its names
 */
export async function makeRun(
  { client, stores, attests, proves, recorder }: WorkflowDeps,
  workflow: Workflow,
  { name: first, key, number, origin }: Wanted,
  signal: AbortSignal,
): Promise<string> {
  const { namespace = '' } = workflow.metadata;
  const isOurs = (run: WorkflowRun) =>
    isMadeFor(run, workflow, key, proves) ||
    (isFromBefore(workflow, run) && run.metadata.annotations?.[ANNOTATION_DIGEST] === origin.digest);
  const names = namesOfRun(first, workflow, key, proves);
  const known = names.find((name) => {
    const run = stores.runs.get(objectKey({ namespace, name }));
    return run !== undefined && isOurs(run);
  });
  if (known !== undefined) return known;
  const asked = { lineage: lineageOfWorkflow(workflow, attests), depth: 0, key };
  const build = (name: string) => triggeredRun(workflow, { name, origin, number, ...asked }, proves);
  const { object, strangers } = await createNamed(client, WORKFLOW_RUNS, names, build, isOurs, { signal });
  tellOfTakenNames(recorder, workflow, strangers, object?.metadata.name);
  if (object) return object.metadata.name;
  throw new TerminalError('NameTaken', nameTaken(strangers, undefined));
}
