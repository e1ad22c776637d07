import { decodeEvents, type HistoryEvent, type Lineage, type WorkflowRun } from '../../../api/index.ts';
import {
  allowedReuse,
  answeredIn,
  carriedAway,
  copyOf,
  type Evidence,
  needsHistory,
  outputsIn,
  type Plan,
  type Repeat,
  type Reuse,
  repeatedText,
  reusable,
} from '../../../engine/index.ts';
import { TerminalError } from '../../../runtime/index.ts';
import { findRevision, type Pinned } from '../../stores/stores.ts';
import type { RunDeps } from '../deps.ts';
import { type HistoryDeps, MAX_PAGES, readPages } from '../history/history.ts';
import { identityOf } from '../observe.ts';
import { childDifference } from './children.ts';
import { invalid, type Origin } from './origin.ts';

type TakeOverDeps = Pick<RunDeps, 'client' | 'stores' | 'plans' | 'proves' | 'attests' | 'identities'>;

/** What is known of a run that is about to begin. */
export interface Beginning {
  readonly content: Pinned['content'];
  readonly parameters: Repeat['after']['parameters'];
  /** Who asked for it, and for the run that it repeats. */
  readonly asked: Lineage;
}

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
  deps: TakeOverDeps,
  run: WorkflowRun,
  origin: Origin,
  { content, parameters, asked }: Beginning,
  signal: AbortSignal,
): Promise<TakenOver> {
  const { mode, task } = run.spec.from ?? {};
  if (mode === 'Rerun') return {};
  const plan = deps.plans.of(content);
  const repeat: Repeat = {
    before: { state: origin.state, identity: identityOf(origin.run, deps), plan: planOf(deps, origin.run) },
    after: {
      plan,
      parameters,
      identity: { ...identityOf(run, deps), requesters: asked.requesters, isUnknown: asked.unknown },
    },
    task,
    children: (name, workflows) => childDifference(deps, origin.run, name, workflows),
  };
  const { reuse, evidence } = await judged(deps, repeat, origin.run, signal);
  const lost = carriedAway(plan, origin.state, reuse);
  if (lost !== undefined) {
    throw invalid(
      `the outputs of ${lost} were passed on in an earlier run of the chain and are needed again; use mode Rerun`,
    );
  }
  const copy = copyOf(plan, origin.state, reuse, origin.run.metadata.name, evidence);
  if (copy && 'problem' in copy) throw invalid(copy.problem);
  const repeated = repeatedText(reuse);
  return { ...(copy ? { event: copy.event } : {}), ...(repeated === undefined ? {} : { repeated }) };
}

/** What a run has executed; nothing where that cannot be read any more. */
function planOf(deps: TakeOverDeps, { metadata, spec, status }: WorkflowRun): Plan | undefined {
  const { namespace = '' } = metadata;
  const found = findRevision(deps.stores, namespace, spec.workflowRef.name, status?.definition);
  return 'reason' in found ? undefined : deps.plans.of(found.content);
}

/** What is taken over, after what the history says was judged for the new run. */
async function judged(
  deps: TakeOverDeps,
  repeat: Repeat,
  run: WorkflowRun,
  signal: AbortSignal,
): Promise<{ reuse: Reuse; evidence: Evidence }> {
  const { state } = repeat.before;
  const { plan } = repeat.after;
  const first = reusable(repeat);
  const isNeeded = needsHistory(plan, state, first) || first.asked.size > 0;
  const history = isNeeded ? await readHistory(deps, run, signal).catch(whyUnread) : [];
  // Where it cannot be read no answers are on record, so they are asked again; outputs cannot be done without.
  const events = history instanceof TerminalError ? [] : history;
  const evidence = { outputs: outputsIn(events), answered: answeredIn(plan, events) };
  if (history instanceof TerminalError && needsHistory(plan, state, first)) throw history;
  const reuse = allowedReuse(repeat, first, evidence);
  if (history instanceof TerminalError && needsHistory(plan, state, reuse)) throw history;
  return { reuse, evidence };
}

function whyUnread(error: unknown): TerminalError {
  if (error instanceof TerminalError) return error;
  throw error;
}

/**
 * The history of a run that has ended. Outputs are taken from genuine pages alone.
 * @throws TerminalError HistoryDamaged when there are others, InvalidOrigin when it is too long
 */
export async function readHistory(deps: HistoryDeps, run: WorkflowRun, signal: AbortSignal): Promise<HistoryEvent[]> {
  const { name } = run.metadata;
  const { pages = 0, tail = '[]' } = run.status?.journal ?? {};
  if (pages > MAX_PAGES) throw invalid(`${name} has ${pages} pages of history; use mode Rerun`);
  const read = await readPages(deps, run, { signal });
  if (read.damage !== undefined) {
    const message = `spec.from: ${name} cannot be repeated from its history: ${read.damage}; use mode Rerun`;
    throw new TerminalError('HistoryDamaged', message);
  }
  try {
    return [...read.pages.map(({ events }) => events), tail].flatMap(decodeEvents);
  } catch (error) {
    throw invalid(`the history of ${name} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}
