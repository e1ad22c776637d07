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
  allowedReuse,
  answeredIn,
  carriedAway,
  copyOf,
  decodeState,
  needsHistory,
  outputsIn,
  type Plan,
  type Repeat,
  type Reuse,
  type RunState,
  repeatedText,
  reusable,
  UnknownStateVersionError,
} from '../../engine/index.ts';
import { TerminalError } from '../../runtime/index.ts';
import { findRevision, type Pinned, type Unpinned } from '../stores.ts';
import { childDifference } from './children.ts';
import type { RunDeps } from './deps.ts';
import { MAX_PAGES, readPages } from './history.ts';
import { identityOf, isOver } from './observe.ts';

type OriginDeps = Pick<RunDeps, 'client' | 'stores' | 'plans' | 'proves' | 'attests' | 'identities'>;
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

/** What a retry or a fork does not repeat, and what it does although it had ended well. */
export interface TakenOver {
  readonly event?: HistoryEvent;
  /** In words. */
  readonly repeated?: string;
}

/**
 * What a retry or a fork takes over from the run that it repeats.
 * @throws TerminalError InvalidOrigin when that cannot be read any more, or is too much
 */
export async function takenOver(
  deps: OriginDeps,
  run: WorkflowRun,
  origin: Origin,
  { content, parameters }: Pick<Pinned, 'content'> & Pick<Repeat['after'], 'parameters'>,
  signal: AbortSignal,
): Promise<TakenOver> {
  const { mode, task } = run.spec.from ?? {};
  if (mode === 'Rerun') return {};
  const { definition } = content;
  if (task !== undefined && !definition.tasks.some(({ name }) => name === task)) {
    throw invalid(`the definition has no task ${task}; it has: ${definition.tasks.map(({ name }) => name).join(', ')}`);
  }
  const plan = deps.plans.of(content);
  const repeat: Repeat = {
    before: { state: origin.state, identity: identityOf(origin.run, deps.attests), plan: planOf(deps, origin.run) },
    after: { plan, parameters, identity: identityOf(run, deps.attests) },
    task,
    children: (name, workflows) => childDifference(deps, origin.run, name, workflows),
  };
  const { reuse, history } = await judged(deps, repeat, origin.run, signal);
  const lost = carriedAway(plan, origin.state, reuse);
  if (lost !== undefined) {
    throw invalid(
      `the outputs of ${lost} were handed on in an earlier run of the chain and are needed again; use mode Rerun`,
    );
  }
  const evidence = { outputs: outputsIn(history), answered: answeredIn(plan, history) };
  const copy = copyOf(plan, origin.state, reuse, origin.run.metadata.name, evidence);
  if (copy && 'problem' in copy) throw invalid(copy.problem);
  const repeated = repeatedText(reuse);
  return { ...(copy ? { event: copy.event } : {}), ...(repeated === undefined ? {} : { repeated }) };
}

/** What a run has executed; nothing where that cannot be read any more. */
function planOf(deps: OriginDeps, { metadata, spec, status }: WorkflowRun): Plan | undefined {
  const { namespace = '' } = metadata;
  const found = findRevision(deps.stores, namespace, spec.workflowRef.name, status?.definition);
  return 'reason' in found ? undefined : deps.plans.of(found.content);
}

/** What is taken over, after the answers on record were judged for the new run; and the history, where it was needed. */
async function judged(
  deps: OriginDeps,
  repeat: Repeat,
  run: WorkflowRun,
  signal: AbortSignal,
): Promise<{ reuse: Reuse; history: readonly HistoryEvent[] }> {
  const { state } = repeat.before;
  const { plan } = repeat.after;
  const first = reusable(repeat);
  const isNeeded = needsHistory(plan, state, first);
  if (!isNeeded && first.asked.size === 0) return { reuse: first, history: [] };
  const history = await readHistory(deps, run, signal).catch((error: unknown) => {
    // Nobody's answers are on record then: they are asked again.
    if (isNeeded || !(error instanceof TerminalError)) throw error;
    return [];
  });
  return { reuse: allowedReuse(repeat, first, answeredIn(plan, history)), history };
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
