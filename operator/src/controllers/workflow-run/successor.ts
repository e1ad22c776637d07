import {
  ANNOTATION_PROOF,
  API_VERSION,
  type DesiredState,
  depthOf,
  GROUP,
  LABEL_CHAIN,
  LABEL_MANAGED_BY,
  linkName,
  objectKey,
  provenanceOf,
  rootOf,
  WORKFLOW_RUN,
  type WorkflowRun,
  withProvenance,
} from '../../api/index.ts';
import { isFromBefore, namesOfRun } from '../../engine/index.ts';
import { attemptOf, type Identities } from '../../executors/index.ts';
import { createNamed, isNotFound, isPatchMismatch } from '../../runtime/index.ts';
import { lineageOf } from '../lineage.ts';
import { nameTaken } from '../name-taken.ts';
import { WORKFLOW_RUNS } from '../resources.ts';
import type { RunDeps } from './deps.ts';

type SuccessorDeps = Pick<RunDeps, 'client' | 'stores' | 'attests' | 'identities' | 'proves' | 'recorder'>;

/** Runs of others have all names that the next one could have: none of them is adopted. */
export class NameTakenError extends Error {
  override readonly name = 'NameTakenError';
}

/** What people want prevails in this order: of two wishes for one chain, the one that stops more. */
const STRENGTH: readonly DesiredState[] = ['Running', 'Paused', 'Cancelled', 'Terminated'];

/**
 * Makes the run that continues one, unless it is there; and hands on to it what people want of the one that it continues.
 * Doing it twice is doing it once: its name says which run of which chain it is, and its spec, proven, whom it continues.
 * @throws NameTakenError when others have all the names that it could have
 */
export async function makeSuccessor(
  deps: SuccessorDeps,
  run: WorkflowRun,
  index: number,
  signal: AbortSignal,
): Promise<string> {
  if (run.metadata.labels?.[LABEL_CHAIN] === undefined) await markAsRoot(deps, run, signal);
  const next = await createOrFind(deps, run, index, signal);
  await handOnWish(deps, run, next, signal);
  return next.metadata.name;
}

/** The first run of a chain is found by the label of all others. */
async function markAsRoot({ client }: SuccessorDeps, run: WorkflowRun, signal: AbortSignal): Promise<void> {
  const { uid, name } = run.metadata;
  const body = { metadata: { uid, labels: { [LABEL_CHAIN]: name } } };
  await client.patch(WORKFLOW_RUNS, run.metadata, { kind: 'merge', body }, { signal, answer: 'Unread' });
}

/** Whether a run continues another: it says so, and the operator made it. One from before there were proofs only says so. */
export function isSuccessor(
  { proves, stores }: Pick<RunDeps, 'proves' | 'stores'>,
  next: WorkflowRun,
  run: WorkflowRun,
  index: number,
): boolean {
  const { continues, workflowRef } = next.spec;
  if (continues?.uid !== run.metadata.uid || continues?.index !== index) return false;
  if (provenanceOf(next, proves)) return true;
  const workflow = stores.workflows.get(objectKey({ ...run.metadata, name: workflowRef.name }));
  return workflow !== undefined && isFromBefore(workflow, next);
}

function successorOf(deps: SuccessorDeps, run: WorkflowRun, index: number, name: string): WorkflowRun {
  const { attests, identities, proves } = deps;
  const { namespace = '', uid = '', ownerReferences, annotations, creationTimestamp = '' } = run.metadata;
  const { workflowRef, desiredState, origin, priority, cache, number, continues } = run.spec;
  const root = rootOf(run);
  const next: WorkflowRun = {
    apiVersion: API_VERSION,
    kind: WORKFLOW_RUN.kind,
    metadata: {
      name,
      namespace,
      labels: { ...ours(run.metadata.labels), [LABEL_CHAIN]: root },
      annotations: { ...ours(annotations), ...proofOf(identities, name, run) },
      ...(ownerReferences ? { ownerReferences } : {}),
    },
    spec: {
      workflowRef,
      desiredState,
      ...(origin ? { origin } : {}),
      ...(priority === undefined ? {} : { priority }),
      ...(cache ? { cache } : {}),
      ...(number === undefined ? {} : { number }),
      continues: { root, run: run.metadata.name, uid, index, since: continues?.since ?? creationTimestamp },
    },
  };
  const requester = attests.inherited(run, next);
  const { workflow } = provenanceOf(run, proves) ?? {};
  const made = { lineage: lineageOf(run, deps), depth: depthOf(run, proves), workflow };
  return withProvenance(requester ? { ...next, spec: { ...next.spec, requester } } : next, made, proves);
}

/** The next run is the attempt's own as much as this one is, under its own name. */
function proofOf(identities: Identities, name: string, { metadata, spec: { origin } }: WorkflowRun) {
  const { namespace = '' } = metadata;
  if (origin?.type !== 'Workflow' || origin.uid === undefined) return {};
  const parent = { namespace, uid: origin.uid };
  if (!identities.isProven('WorkflowRun', metadata, parent, attemptOf(metadata))) return {};
  return { [ANNOTATION_PROOF]: identities.proofOf('WorkflowRun', name, parent, attemptOf(metadata)) };
}

/** What tools write on objects to find them again is not theirs on a run that they did not make. */
function ours(marks: Readonly<Record<string, string>> = {}): Record<string, string> {
  const known = Object.entries(marks).filter(([key]) => key.startsWith(`${GROUP}/`) || key === LABEL_MANAGED_BY);
  return Object.fromEntries(known);
}

/** What is left of the name of a chain where its links have names that nobody can guess. */
const MAX_STEM = 40;

/** The names that the next run may have: the one that people expect, and others where a stranger has that. */
function namesOf({ proves }: SuccessorDeps, run: WorkflowRun, index: number): string[] {
  const root = rootOf(run);
  const { namespace = '', uid = '' } = run.metadata;
  const stem = root.slice(0, MAX_STEM).replace(/[-.]+$/, '');
  return namesOfRun(linkName(root, index), { metadata: { namespace, name: stem, uid } }, String(index), proves);
}

async function createOrFind(
  deps: SuccessorDeps,
  run: WorkflowRun,
  index: number,
  signal: AbortSignal,
): Promise<WorkflowRun> {
  const { client, stores, recorder } = deps;
  const { namespace = '' } = run.metadata;
  const names = namesOf(deps, run, index);
  const isOurs = (next: WorkflowRun) => isSuccessor(deps, next, run, index);
  const known = names
    .map((name) => stores.runs.get(objectKey({ namespace, name })))
    .find((next) => next && isOurs(next));
  if (known) return known;
  const build = (name: string) => successorOf(deps, run, index, name);
  const options = { signal, urgency: 'high' } as const;
  const { object, strangers } = await createNamed(client, WORKFLOW_RUNS, names, build, isOurs, options);
  if (object === undefined) throw new NameTakenError(nameTaken(strangers, undefined));
  if (strangers.length > 0) {
    recorder.event(run, 'Warning', 'NameTaken', 'Continue', nameTaken(strangers, object.metadata.name));
  }
  return object;
}

/** Until a run has ended, people stop or pause its chain by it. */
async function handOnWish(
  { client }: SuccessorDeps,
  { spec }: WorkflowRun,
  next: WorkflowRun,
  signal: AbortSignal,
): Promise<void> {
  const { desiredState: wish } = spec;
  const has = next.spec.desiredState;
  if (STRENGTH.indexOf(wish) <= STRENGTH.indexOf(has)) return;
  const operations = [
    { op: 'test', path: '/metadata/uid', value: next.metadata.uid },
    { op: 'test', path: '/spec/desiredState', value: has },
    { op: 'replace', path: '/spec/desiredState', value: wish },
  ] as const;
  try {
    await client.patch(WORKFLOW_RUNS, next.metadata, { kind: 'json', operations }, { signal, answer: 'Unread' });
  } catch (error) {
    // Somebody deleted it: that is a wish as well.
    if (isNotFound(error)) return;
    if (isPatchMismatch(error))
      throw new Error(`the run ${next.metadata.name} changed concurrently; reading it again`, { cause: error });
    throw error;
  }
}
