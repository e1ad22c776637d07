import {
  type Attests,
  objectKey,
  type Proves,
  parseDuration,
  type Signal,
  type SignalStatus,
  type WorkflowRun,
} from '../../api/index.ts';
import type { Plans } from '../../definitions/index.ts';
import { canonicalJson } from '../../engine/index.ts';
import type { Identities } from '../../executors/index.ts';
import { labelsOfRun, ownedByRun } from '../../pods/index.ts';
import {
  type Clock,
  isConflict,
  isControlledBy,
  isNotFound,
  isPatchMismatch,
  type JsonPatchOperation,
  type KubeClient,
  type ReconcileContext,
  type Result,
  WaitingError,
} from '../../runtime/index.ts';
import { SIGNALS, WORKFLOW_RUNS } from '../resources.ts';
import { wholeRun } from '../stores/finished-runs.ts';
import { isEnded, linksOf } from '../stores/links.ts';
import { findRevision, PENDING_BY_RUN, type Stores } from '../stores/stores.ts';
import { timestamp } from '../timestamp.ts';
import { isOver } from '../workflow-run/observe.ts';
import { type HoldDeps, hasAnswersFinalizer, letGo, mayGo } from './hold.ts';
import { askerAmong, type Ending, judgeSignal, rejected } from './judge.ts';
import { endedStatus, waitingStatus } from './status.ts';

/** How long data may wait for its task before a write says so: most often the task takes it at once. */
const PATIENCE_MS = parseDuration('3s');
/** How long data may wait for its run. */
const NO_RUN_MS = parseDuration('10m');
/** How long data that ended is kept where there is no run with which it could go. */
const KEPT_MS = parseDuration('1h');
/** So many signals may wait for a run before they say so. */
const MANY = 1_000;
const CROWDED = `more than ${MANY} signals wait for it: send fewer, or limit them with a quota on signals`;
const STALE_AGAIN_MS = 100;
/** Until then the run of a signal that is being deleted has recorded what was answered, or is gone itself. */
const HELD_AGAIN_MS = parseDuration('2s');

export interface SignalDeps {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly plans: Plans;
  /** Whether the admission webhook vouches for what objects say of people. */
  readonly attests: Attests;
  readonly proves: Proves;
  readonly identities: Identities;
  readonly clock: Clock;
}

/** Says in each signal what it waits for and how it ended. It decides nothing: that was done in the run that took it. */
export class SignalReconciler {
  readonly #deps: SignalDeps;
  readonly #judges: HoldDeps;

  constructor(deps: SignalDeps) {
    this.#deps = deps;
    const { client, attests, proves, identities } = deps;
    this.#judges = { client, attests, proves, identities, runs: deps.stores.runs, planOf: (run) => planOf(deps, run) };
  }

  async reconcile(key: string, { signal: abort }: Pick<ReconcileContext, 'signal'>): Promise<Result> {
    const signal = this.#deps.stores.signals.get(key);
    if (!signal) return {};
    if (hasAnswersFinalizer(signal) && (await mayGo(this.#judges, signal, abort))) {
      await unlessStale(letGo(this.#deps, signal, abort));
      return {};
    }
    if (signal.metadata.deletionTimestamp) return hasAnswersFinalizer(signal) ? { requeueAfter: HELD_AGAIN_MS } : {};
    if (isEnded(signal)) return this.#keepOrDelete(signal, abort);
    const judgement = judgeSignal(this.#judges, signal, await this.#wholeLinksOf(signal, abort));
    if (judgement === 'NotYet') return {};
    if (judgement === 'NoRun') return this.#withoutRun(signal, abort);
    if ('ended' in judgement) return this.#end(signal, judgement.ended, abort);
    if (await this.#repair(signal, abort)) return {};
    const patience = signal.spec.type === 'Data' && !signal.status ? PATIENCE_MS - this.#ageOf(signal) : 0;
    if (patience > 0) return { requeueAfter: patience };
    const waits = this.#isCrowded(signal)
      ? { waitingFor: `${judgement.waits.waitingFor}; ${CROWDED}` }
      : judgement.waits;
    await this.#report(signal, waitingStatus(signal, waits, this.#now()), abort);
    return {};
  }

  /** Whether more is sent to a run than it takes: each of them is one more object that the API server keeps. */
  #isCrowded({ metadata, spec }: Signal): boolean {
    if (spec.type !== 'Data') return false;
    const address = objectKey({ namespace: metadata.namespace ?? '', name: spec.run });
    return this.#deps.stores.signals.keysByIndex(PENDING_BY_RUN, address).length > MANY;
  }

  /** The run may be made after the signal; one that is not in the cache is missing only if a live read says so. */
  async #withoutRun(signal: Signal, abort: AbortSignal): Promise<Result> {
    const { run } = signal.spec;
    const age = this.#ageOf(signal);
    if (age < PATIENCE_MS) return { requeueAfter: PATIENCE_MS - age };
    if (age < NO_RUN_MS) {
      await this.#report(signal, waitingStatus(signal, { waitingFor: `a run named ${run}` }, this.#now()), abort);
      return { requeueAfter: NO_RUN_MS - age };
    }
    if (await this.#isThere(signal, abort)) return { requeueAfter: PATIENCE_MS };
    return this.#end(signal, rejected('RunNotFound', `run ${run} not found; send it to an existing run`), abort);
  }

  async #isThere({ spec, metadata: { namespace } }: Signal, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#deps.client.get(WORKFLOW_RUNS, { name: spec.run, namespace }, { signal });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #end(signal: Signal, ending: Ending, abort: AbortSignal): Promise<Result> {
    if (isNeedless(signal, ending)) await this.#delete(signal, abort);
    else await this.#report(signal, endedStatus(signal, ending, this.#now()), abort);
    // The cache brings it back, with its end.
    return {};
  }

  /** The one status write of a reconcile, left out when it would change nothing. */
  async #report(signal: Signal, status: SignalStatus, abort: AbortSignal): Promise<void> {
    if (canonicalJson(status) === canonicalJson(signal.status ?? {})) return;
    const operations = [
      { op: 'test', path: '/metadata/resourceVersion', value: signal.metadata.resourceVersion },
      { op: 'add', path: '/status', value: status },
    ] as const;
    const options = { subresource: 'status', signal: abort, answer: 'Unread' } as const;
    await unlessStale(this.#deps.client.patch(SIGNALS, signal.metadata, { kind: 'json', operations }, options));
  }

  /** What ended goes with the run that it ended in; data for a run that is not there is deleted after an hour. */
  async #keepOrDelete(signal: Signal, abort: AbortSignal): Promise<Result> {
    const { namespace = '', ownerReferences } = signal.metadata;
    if (signal.spec.type !== 'Data') {
      await this.#repair(signal, abort);
      return {};
    }
    if ((ownerReferences?.length ?? 0) > 0) return {};
    const { runs } = this.#deps.stores;
    const taker = runs.get(objectKey({ namespace, name: signal.status?.run ?? '' }));
    const run = taker ?? this.#linksOf(signal).at(-1);
    if (run) {
      await this.#own(signal, run, abort);
      return {};
    }
    const left = KEPT_MS - (this.#deps.clock.now() - endedAt(signal));
    if (left > 0) return { requeueAfter: left };
    await this.#delete(signal, abort);
    return {};
  }

  /** Whoever may answer can take owner and labels away; the signal is to be found, and to go with its run, all the same. */
  async #repair(signal: Signal, abort: AbortSignal): Promise<boolean> {
    const run = signal.spec.type === 'Data' ? undefined : this.#askerOf(signal);
    if (run === undefined || isMarkedFor(signal, run)) return false;
    const operations = [{ op: 'add', path: '/metadata/labels', value: marksFor(signal, run) }] as const;
    await this.#own(signal, run, abort, operations);
    // The cache brings it back as it is then.
    return true;
  }

  #askerOf(signal: Signal): WorkflowRun | undefined {
    return askerAmong(this.#judges, this.#linksOf(signal), signal);
  }

  #linksOf({ metadata: { namespace = '' }, spec }: Signal): WorkflowRun[] {
    return linksOf(this.#deps.stores.runs, namespace, spec.run);
  }

  /** The runs of a signal with their states: that of a finished run says how its last signals ended. */
  async #wholeLinksOf(signal: Signal, abort: AbortSignal): Promise<WorkflowRun[]> {
    const links = await Promise.all(this.#linksOf(signal).map((run) => wholeRun(this.#deps.client, run, abort)));
    return links.filter((run) => run !== undefined);
  }

  /** Deletes a signal, unless somebody has changed it meanwhile. */
  async #delete({ metadata }: Signal, abort: AbortSignal): Promise<void> {
    const { name, namespace, uid = '', resourceVersion = '' } = metadata;
    const options = { preconditions: { uid, resourceVersion }, signal: abort };
    await unlessStale(this.#deps.client.delete(SIGNALS, { name, namespace }, options));
  }

  async #own(
    signal: Signal,
    { metadata }: WorkflowRun,
    abort: AbortSignal,
    more: readonly JsonPatchOperation[] = [],
  ): Promise<void> {
    const { name, uid = '' } = metadata;
    const operations = [
      { op: 'test', path: '/metadata/resourceVersion', value: signal.metadata.resourceVersion },
      { op: 'add', path: '/metadata/ownerReferences', value: [ownedByRun({ name, uid })] },
      ...more,
    ] as const;
    const options = { signal: abort, answer: 'Unread' } as const;
    await unlessStale(this.#deps.client.patch(SIGNALS, signal.metadata, { kind: 'json', operations }, options));
  }

  #now(): string {
    return timestamp(this.#deps.clock.now());
  }

  #ageOf({ metadata }: Signal): number {
    return this.#deps.clock.now() - Date.parse(metadata.creationTimestamp ?? '');
  }
}

function planOf({ stores, plans }: Pick<SignalDeps, 'stores' | 'plans'>, { metadata, spec, status }: WorkflowRun) {
  const pinned = findRevision(stores, metadata.namespace ?? '', spec.workflowRef.name, status?.definition);
  return 'reason' in pinned ? undefined : plans.of(pinned.content);
}

/**
 * Whether nobody answered what a task of a run that goes on has asked, because data came otherwise: it is no record of
 * anything, and of a long loop there would be one for each iteration.
 */
function isNeedless({ spec }: Signal, { reason, run }: Ending): boolean {
  return spec.type === 'Input' && reason === 'TaskEnded' && !spec.responses && run !== undefined && !isOver(run);
}

/** The labels of a signal with those that it has from its run. */
const marksFor = (
  { metadata }: Signal,
  { metadata: { name, uid = '' }, spec }: WorkflowRun,
): Record<string, string> => ({
  ...metadata.labels,
  ...labelsOfRun({ name, uid, workflow: spec.workflowRef.name }),
});

function isMarkedFor(signal: Signal, run: WorkflowRun): boolean {
  const { labels = {} } = signal.metadata;
  const isLabelled = Object.entries(marksFor(signal, run)).every(([key, value]) => labels[key] === value);
  return isLabelled && isControlledBy(signal, run.metadata.uid ?? '');
}

const endedAt = ({ status, metadata }: Signal): number =>
  Date.parse(status?.conditions?.[0]?.lastTransitionTime ?? metadata.creationTimestamp ?? '');

/** A signal that has changed is looked at again as it is then; one that is gone needs nothing. */
async function unlessStale(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (isNotFound(error)) return;
    if (!isPatchMismatch(error) && !isConflict(error)) throw error;
    throw new WaitingError('Collision', 'the Signal changed concurrently; reading it again', STALE_AGAIN_MS);
  }
}
