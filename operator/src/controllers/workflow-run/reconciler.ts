import { type HistoryEventType, parseDuration, type WorkflowRun, type WorkflowRunStatus } from '../../api/index.ts';
import {
  type Decision,
  decodeState,
  extendJournal,
  type Journal,
  UnknownStateVersionError,
} from '../../engine/index.ts';
import type { RunContext } from '../../executors/index.ts';
import { type ReconcileContext, type Result, TerminalError, WaitingError } from '../../runtime/index.ts';
import { findRevision, type Unpinned } from '../stores/stores.ts';
import { decideAndApply } from './decide-and-apply.ts';
import type { RunDeps } from './deps.ts';
import {
  contextOf,
  isOver,
  type ObservedRun,
  observeAsked,
  observeAttempts,
  observeRun,
  sightOf,
  signalOf,
} from './observe.ts';
import { peopleOf } from './report/attribution.ts';
import { isStale, reportPage, reportStatus } from './report/report.ts';
import { buildStatus, conditionsOf, isStuck, stuck, withDamage } from './report/status.ts';
import { earlier, type RunResult, requeueAt } from './requeue.ts';
import { show, warnIfForged } from './show.ts';
import { makeSuccessor, NameTakenError } from './successor.ts';
import { tell } from './tell.ts';
import { beginRun } from './unbegun.ts';
import { isMuch, journalWith, type Work } from './work.ts';

/** What is only shown (a pod became Running) waits this long, from when it was first seen, for a write to ride on. */
const SHOW_AFTER_MS = parseDuration('10s');
/** A success that nothing follows from waits this long: often the next task ends just then, and one write says both. */
const RECORD_AFTER_MS = parseDuration('500ms');
/** Whoever took the name of the next run of a chain may go. */
const NAME_AGAIN_MS = parseDuration('10s');
/** Events that wait for others to be stored with, or for RECORD_AFTER_MS. */
const RIDES: ReadonlySet<HistoryEventType> = new Set(['Succeeded', 'Identified']);

/** Reconciles WorkflowRuns: observe, decide, apply, report. What nothing waits for is done in upkeep.ts. */
export class RunReconciler {
  readonly #deps: RunDeps;

  constructor(deps: RunDeps) {
    this.#deps = deps;
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<RunResult> {
    const run = await observeRun(this.#deps, key, signal);
    if (!run || run.metadata.deletionTimestamp || isOver(run)) return {};
    try {
      return await this.#reconcile(run, signal);
    } finally {
      const { uid = '' } = run.metadata;
      // It went meanwhile: what was remembered of it since then nobody would forget.
      if (this.#deps.stores.runs.get(key)?.metadata.uid !== uid) this.#deps.memories.forget(uid);
    }
  }

  async #reconcile(run: WorkflowRun, signal: AbortSignal): Promise<RunResult> {
    const context = contextOf(run, signal);
    try {
      const work =
        run.status?.state === undefined ? await beginRun(this.#deps, run, context) : await this.#resume(run, context);
      return 'run' in work ? await this.#pass(work, signal) : work;
    } catch (error) {
      if (error instanceof UnknownStateVersionError) {
        this.#deps.recorder.event(run, 'Warning', 'UnknownStateVersion', 'Reconcile', error.message);
        throw new TerminalError('UnknownStateVersion', error.message, error);
      }
      if (error instanceof NameTakenError) {
        await this.#stop(run, 'NameTaken', error.message, context);
        return { requeueAfter: NAME_AGAIN_MS };
      }
      if (!isStale(error)) throw error;
      throw this.#collision(run, error);
    }
  }

  /** A run that cannot go on by itself: people see why, its pods and its state stay as they are. */
  async #stop(
    run: WorkflowRun,
    reason: Unpinned['reason'] | 'NameTaken',
    message: string,
    context: RunContext,
  ): Promise<Result> {
    const conditions = conditionsOf(run, stuck(reason, message), this.#deps.clock.now());
    const isNews = await show(this.#deps, run, { ...run.status, conditions }, context);
    if (isNews) warnIfForged(this.#deps, run, reason, message);
    return {};
  }

  async #resume(run: WorkflowRun, context: RunContext): Promise<Work | Result> {
    const { definition, state = '', journal } = run.status ?? {};
    const pinned = findRevision(this.#deps.stores, context.namespace, context.workflow, definition);
    if ('reason' in pinned) return this.#stop(run, pinned.reason, pinned.message, context);
    const plan = this.#deps.plans.of(pinned.content);
    return { run, context, plan, revision: pinned.revision, before: state, unstored: [], journal };
  }

  /** What a run takes over is stored before anything is decided on it: together they might not fit. */
  async #begin(work: Work, signal: AbortSignal): Promise<Result> {
    const { clock } = this.#deps;
    const { journal } = extendJournal(undefined, 0, work.unstored);
    const state = decodeState(work.before);
    const nothing = { attempts: new Map() };
    const status = buildStatus(work.run, work.revision, work.plan, state, journal, nothing, clock.now());
    await reportStatus(this.#deps, work.run, { ...status, ...peopleOf(work.run, this.#deps) }, signal);
    return { requeue: true };
  }

  async #pass(work: Work, signal: AbortSignal): Promise<Result> {
    if (isMuch(work)) return this.#begin(work, signal);
    const { clock } = this.#deps;
    const observed = await this.#observe(work, signal);
    const decision = await decideAndApply(this.#deps, work, observed);
    const events = [...work.unstored, ...decision.encoded];
    if (events.length === 0) return this.#showProgress(work, decision, observed);
    const wait = this.#untilRecorded(work, decision);
    if (wait > 0) return earlier(requeueAt(decision, observed, clock.now()), wait);
    await this.#store(work, decision, observed, signal);
    if (decision.more) return { requeue: true };
    return requeueAt(decision, observed, clock.now());
  }

  /** State and history in one write, and then what follows from its being stored. */
  async #store(work: Work, decision: Decision, observed: ObservedRun, signal: AbortSignal): Promise<void> {
    const events = [...work.unstored, ...decision.encoded];
    const { journal, page } = journalWith(work, events);
    const damage = page && (await reportPage(this.#deps, work.run, page, signal));
    await observeAsked(this.#deps, work, decision, observed);
    const status = this.#status(work, decision, journal, observed);
    const conditions = withDamage(status.conditions, damage, this.#deps.clock.now());
    await reportStatus(this.#deps, work.run, { ...status, conditions }, signal);
    if (damage !== undefined) this.#deps.recorder.event(work.run, 'Warning', 'HistoryDamaged', 'Report', damage);
    this.#shown(work, observed);
    await this.#deps.cache?.recorded(work.context, decision.events);
    tell(this.#deps, work.run, decision);
  }

  async #observe({ run, context, plan, before }: Work, signal: AbortSignal): Promise<ObservedRun> {
    const state = decodeState(before);
    const { continuing } = state;
    if (!continuing || state.finished) return observeAttempts(this.#deps, context, run, plan, state);
    // That it goes on as another one is stored: nothing of it is under way.
    const continuedAs = await makeSuccessor(this.#deps, run, continuing.index, signal);
    return { desiredState: run.spec.desiredState, attempts: new Map(), recheckAfter: undefined, continuedAs };
  }

  /**
   * Milliseconds until a decision must be stored. Only successes can wait, while other tasks go on and nothing starts:
   * their pods hold the results until they are stored, so nothing is lost by deciding the same once more.
   */
  #untilRecorded(work: Work, decision: Decision): number {
    const { clock, memories } = this.#deps;
    const follows = decision.actions.length > 0 || decision.more || work.unstored.length > 0;
    if (follows || decision.events.some(({ type }) => !RIDES.has(type))) return 0;
    const memory = memories.of(work.context.uid);
    memory.successSince ??= clock.monotonic();
    return memory.successSince + RECORD_AFTER_MS - clock.monotonic();
  }

  #status(work: Work, decision: Decision, journal: Journal, observed: ObservedRun): WorkflowRunStatus {
    const { run, revision, plan } = work;
    const seen = { ...observed, events: decision.events };
    const status = buildStatus(run, revision, plan, decision.state, journal, seen, this.#deps.clock.now());
    return { ...status, ...peopleOf(run, this.#deps) };
  }

  /** Nothing happened that is history; what people see may have changed all the same, and goes alone after 10 s. */
  async #showProgress(work: Work, decision: Decision, observed: ObservedRun): Promise<Result> {
    const { clock, memories } = this.#deps;
    const result = requeueAt(decision, observed, clock.now());
    if (!work.journal) return result;
    const memory = memories.of(work.context.uid);
    // What stopped the run has been put right.
    const wasStuck = isStuck(work.run.status);
    const isShown = memory.shown === sightOf(observed) && !wasStuck;
    memory.changedSince = isShown ? undefined : (memory.changedSince ?? clock.monotonic());
    if (memory.changedSince === undefined) return result;
    const wait = memory.changedSince + SHOW_AFTER_MS - clock.monotonic();
    if (wait > 0) return earlier(result, wait);
    const status = this.#status(work, decision, work.journal, observed);
    if (!wasStuck && sameRows(status, work.run.status)) {
      this.#shown(work, observed);
      return result;
    }
    // A write that is made anyway also says by which objects attempts are run.
    observed.records = true;
    const recorded = await decideAndApply(this.#deps, work, observed);
    await this.#store(work, recorded, observed, signalOf(work.context));
    return recorded.more ? { requeue: true } : requeueAt(recorded, observed, clock.now());
  }

  /** Notes what the status that was just stored shows. */
  #shown(work: Work, observed: ObservedRun): void {
    const memory = this.#deps.memories.of(work.context.uid);
    memory.shown = sightOf(observed);
    memory.changedSince = undefined;
  }

  #collision(run: WorkflowRun, cause: unknown): Error {
    const memory = this.#deps.memories.of(run.metadata.uid ?? '');
    memory.isDoubtful = true;
    memory.collisions++;
    const wait = Math.min(30_000, 25 * 2 ** Math.min(memory.collisions, 12));
    const why = cause instanceof Error ? cause.message : String(cause);
    return new WaitingError('Collision', `the run changed concurrently (${why}); reading it again`, wait);
  }
}

function sameRows(a: WorkflowRunStatus, b: WorkflowRunStatus | undefined): boolean {
  return JSON.stringify([a.tasks, a.counts]) === JSON.stringify([b?.tasks, b?.counts]);
}
