import {
  continuedAs,
  decodeEvents,
  type HistoryEvent,
  type Json,
  objectKey,
  type Parameter,
  type WorkflowRun,
  type WorkflowRunStatus,
} from '../../api/index.ts';
import {
  carriedAway,
  copyOf,
  decodeState,
  needsHistory,
  outputsIn,
  type RunState,
  reusable,
  UnknownStateVersionError,
} from '../../engine/index.ts';
import { TerminalError } from '../../runtime/index.ts';
import { findRevision, type Pinned, type Unpinned } from '../stores.ts';
import type { RunDeps } from './deps.ts';
import { MAX_PAGES, readPages } from './history.ts';
import { isOver } from './observe.ts';

type OriginDeps = Pick<RunDeps, 'client' | 'stores' | 'plans' | 'proves'>;
type Lineage = NonNullable<WorkflowRunStatus['origin']>;

/** The run that another one repeats. Nothing of it is needed after that one has been accepted. */
export interface Origin {
  readonly run: WorkflowRun;
  readonly state: RunState;
  readonly lineage: Lineage;
}

/** @throws TerminalError InvalidOrigin when the run of that name cannot be repeated */
export function originOf(deps: OriginDeps, run: WorkflowRun): Origin | undefined {
  const { from } = run.spec;
  if (!from) return undefined;
  const { namespace = '' } = run.metadata;
  const origin = deps.stores.runs.get(objectKey({ namespace, name: from.run }));
  if (!origin) throw invalid(`there is no WorkflowRun ${from.run} in ${namespace}; name one that exists`);
  const { name, uid = '' } = origin.metadata;
  if (origin.spec.workflowRef.name !== run.spec.workflowRef.name) {
    throw invalid(`${name} is a run of ${origin.spec.workflowRef.name}; set workflowRef to that`);
  }
  if (!isOver(origin)) throw invalid(`${name} has not ended; wait for it, or cancel it first`);
  const next = continuedAs(origin);
  if (next !== undefined && from.mode !== 'Rerun') {
    throw invalid(`${name} was continued by ${next}; name the last run of its chain, or use mode Rerun`);
  }
  const before = origin.status?.origin;
  const lineage = { run: name, uid, root: before?.root ?? name, attempt: (before?.attempt ?? 1) + 1 };
  return { run: origin, state: stateOf(origin), lineage };
}

const invalid = (why: string): TerminalError => new TerminalError('InvalidOrigin', `spec.from: ${why}`);

function stateOf({ metadata, status }: WorkflowRun): RunState {
  if (status?.state === undefined) throw invalid(`${metadata.name} never started; create a run without spec.from`);
  try {
    return decodeState(status.state);
  } catch (error) {
    if (error instanceof UnknownStateVersionError) throw invalid(error.message);
    throw error;
  }
}

/** The definition that the origin executed, unless the newest is asked for. */
export function originalOf(deps: OriginDeps, run: WorkflowRun, { run: origin }: Origin): Pinned | Unpinned | undefined {
  if (run.spec.from?.definition === 'Latest') return undefined;
  const { namespace = '' } = run.metadata;
  const found = findRevision(deps.stores, namespace, run.spec.workflowRef.name, origin.status?.definition);
  if (!('reason' in found) || found.reason === 'RevisionForged') return found;
  throw invalid(`the definition of ${origin.metadata.name} is gone; set definition to Latest`);
}

/** What the run is given: its own values, and for all others those of the origin. */
export function givenTo(
  run: WorkflowRun,
  { state }: Origin,
  declared: readonly Parameter[] = [],
): { name: string; value: string }[] {
  const own = run.spec.parameters ?? [];
  const inherited = declared.flatMap(({ name }) => {
    const value = state.parameters[name];
    const isInherited = value !== undefined && !own.some((each) => each.name === name);
    return isInherited ? [{ name, value: textOf(value) }] : [];
  });
  return [...own, ...inherited];
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/**
 * The event by which a retry or a fork takes over what it does not repeat.
 * @throws TerminalError InvalidOrigin when that cannot be read any more, or is too much
 */
export async function takenOver(
  deps: OriginDeps,
  run: WorkflowRun,
  origin: Origin,
  { content }: Pinned,
  signal: AbortSignal,
): Promise<HistoryEvent | undefined> {
  const { mode, task } = run.spec.from ?? {};
  if (mode === 'Rerun') return undefined;
  const plan = deps.plans.of(content);
  const { definition } = content;
  if (task !== undefined && !definition.tasks.some(({ name }) => name === task)) {
    throw invalid(`the definition has no task ${task}; it has: ${definition.tasks.map(({ name }) => name).join(', ')}`);
  }
  const reuse = reusable(plan, origin.state, task);
  const lost = carriedAway(plan, origin.state, reuse);
  if (lost !== undefined) {
    throw invalid(
      `the outputs of ${lost} were handed on in an earlier run of the chain and are needed again; use mode Rerun`,
    );
  }
  const history = needsHistory(plan, origin.state, reuse) ? await readHistory(deps, origin.run, signal) : [];
  const copy = copyOf(plan, origin.state, reuse, origin.run.metadata.name, outputsIn(history));
  if (copy && 'problem' in copy) throw invalid(copy.problem);
  return copy?.event;
}

/** Outputs are taken from genuine pages alone. */
async function readHistory(deps: OriginDeps, run: WorkflowRun, signal: AbortSignal): Promise<HistoryEvent[]> {
  const { name } = run.metadata;
  const { pages = 0, tail = '[]' } = run.status?.journal ?? {};
  if (pages > MAX_PAGES) throw invalid(`${name} has ${pages} pages of history; use mode Rerun`);
  const read = await readPages(deps, run, { signal });
  if (read.damage !== undefined) {
    const message = `spec.from: ${name} cannot be repeated from what it has done: ${read.damage}; use mode Rerun`;
    throw new TerminalError('HistoryDamaged', message);
  }
  try {
    return [...read.pages.map(({ events }) => events), tail].flatMap(decodeEvents);
  } catch (error) {
    throw invalid(`the history of ${name} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}
