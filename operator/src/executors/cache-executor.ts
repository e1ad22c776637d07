import { type HistoryEvent, missingOutputs, objectKey, type Proves, type RenderedClaims } from '../api/index.ts';
import { BoundedMap } from '../bounds/index.ts';
import { type Clock, isForbidden, isInvalid, type KubeClient } from '../runtime/index.ts';
import { CacheMaps } from './cache/cache-maps.ts';
import {
  type CacheEntry,
  type CacheHolder,
  type CacheMap,
  filledEntry,
  nameOfEntry,
  pendingEntry,
  readEntry,
} from './cache/entry.ts';
import { digestOfResult } from './cache/made-by.ts';
import { ExecutorDecorator } from './decorator.ts';
import type {
  Attempt,
  Executor,
  Hit,
  LiveAttempt,
  Observation,
  Refusal,
  RunContext,
  StartRequest,
  Stranger,
} from './executor.ts';
import { holderKey } from './permits/holder.ts';
import type { HolderState } from './permits/ledger.ts';

export type CachePolicy = 'Use' | 'Refresh' | 'Ignore';

export interface CacheOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Which entries the operator wrote. */
  readonly proves: Proves;
  /** What the run says of caches. */
  readonly policyOf: (run: RunContext) => CachePolicy;
  /** What has become of whoever computes a result, by what is stored of its run. */
  readonly holderState: (namespace: string, holder: CacheHolder) => HolderState;
  /** Has a run ask again. */
  readonly wake: (runKey: string) => void;
  /** Hears of each namespace in which a result was stored. */
  readonly stored: (namespace: string) => void;
}

type Claim = NonNullable<RenderedClaims['cache']>;

/** Others may have changed an entry so often before it is left to them for now. */
const MAX_ROUNDS = 4;
/** Somebody who took the right to compute a result and was not started is believed to be about to be for so long. */
const UNSTARTED_MS = 30_000;
/** Runs and entries that are remembered; of what is forgotten a saving is lost. */
const MAX_REMEMBERED = 10_000;
/** Clocks differ; a result that is from later than this is from a clock that was wrong, and never gets old. */
const AHEAD_MS = 5 * 60_000;
/** Entries of others that a run tells of at once, besides the newest. */
const MAX_TOLD = 9;

/**
 * Takes results of earlier attempts with the same key instead of starting new ones. Invariants:
 * 1. Of a key one attempt computes at a time: to create the entry, or to replace one that nobody needs, is the lock.
 * 2. An entry gets its result after the run that computed it has it in status. One that never gets it is a lost saving.
 * 3. Nothing that is wrong with an entry makes a task fail: then it is computed.
 * 4. An entry counts for its proof, which covers all that is read of it. One without is none, and is told of.
 */
export class CacheExecutor extends ExecutorDecorator {
  readonly #options: CacheOptions;
  readonly #maps: CacheMaps;
  /** Names of the entries that runs compute, by uid and path. */
  readonly #pending = new BoundedMap<Map<string, string>>({ max: MAX_REMEMBERED });
  /** Runs that wait for an entry. */
  readonly #waiting = new BoundedMap<Set<string>>({ max: MAX_REMEMBERED });
  /** Monotonic time at which a holder last asked. */
  readonly #asked = new BoundedMap<number>({ max: MAX_REMEMBERED });
  /** Entries that the operator did not write, by the uid of the run that came upon them, until people are told. */
  readonly #strangers = new BoundedMap<Stranger[]>({ max: MAX_REMEMBERED });

  constructor(inner: Executor, options: CacheOptions) {
    super(inner);
    this.#options = options;
    this.#maps = new CacheMaps(options.client);
  }

  override async start(run: RunContext, request: StartRequest): Promise<Refusal | Hit | undefined> {
    const { cache } = request.claims ?? {};
    const policy = cache ? this.#options.policyOf(run) : 'Ignore';
    if (!cache || policy === 'Ignore') return super.start(run, request);
    const answer = await this.#claim(run, request, cache, policy).catch((error: unknown) => {
      // The namespace lets nobody store results, or the operator not, or what is there cannot be changed: then they are computed.
      if (!isForbidden(error) && !isInvalid(error)) throw error;
    });
    return answer ?? super.start(run, request);
  }

  override async observe(run: RunContext, live: readonly LiveAttempt[]): Promise<Observation> {
    // After a restart: which entries the live attempts of the run are to fill.
    if (!this.#pending.has(run.uid) && live.some(({ task }) => task.cache)) await this.#recall(run);
    const observation = await super.observe(run, live);
    const strangers = this.#strangers.get(run.uid);
    if (strangers === undefined) return observation;
    this.#strangers.delete(run.uid);
    return { ...observation, strangers: [...(observation.strangers ?? []), ...strangers] };
  }

  /** Takes in what was just stored of a run: results go into their entries, and those who wait for them ask again. */
  async recorded(run: RunContext, events: readonly HistoryEvent[]): Promise<void> {
    const pending = this.#pending.get(run.uid);
    if (!pending) return;
    for (const event of events) {
      const name = 'path' in event ? pending.get(event.path) : undefined;
      if (name === undefined || !('path' in event) || !isEnd(event)) continue;
      pending.delete(event.path);
      // What cannot be stored is computed again some time.
      await this.#end(run, name, event).catch(() => undefined);
      this.#wake(`${run.namespace}/${name}`);
    }
    if (events.some(({ type }) => type === 'Finished')) this.#pending.delete(run.uid);
  }

  async #claim(
    run: RunContext,
    request: StartRequest,
    claim: Claim,
    policy: CachePolicy,
  ): Promise<Refusal | Hit | undefined> {
    const digest = digestOfResult(claim.key, request);
    const ref = { name: nameOfEntry(digest), namespace: run.namespace };
    let entry: CacheEntry | undefined;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const map = await this.#maps.read(ref);
      entry = map && this.#believed(run, map);
      // Another key with the same short digest: this one has no cache.
      if (entry && entry.digest !== digest) return undefined;
      const answer =
        entry && (this.#hit(run, request, entry, policy) ?? this.#unlessFree(run, request, ref.name, entry));
      if (answer) return answer === 'Ours' ? this.#note(run, request, ref.name) : answer;
      const { maxAgeMs } = claim;
      const wanted = pendingEntry(this.#options.proves, run, request, {
        digest,
        maxAgeMs,
        now: this.#options.clock.now(),
      });
      if (await this.#write(map, wanted)) return this.#note(run, request, ref.name);
    }
    // Others keep writing what counts for nothing: this one has no cache.
    return entry && this.#wait(run, ref.name, entry);
  }

  /** What an entry says, if the operator wrote it: else it is a miss, and our own takes its place. */
  #believed(run: RunContext, map: CacheMap): CacheEntry | undefined {
    const entry = readEntry(this.#options.proves, map);
    if (entry.isProven) return entry;
    const { name, uid = '' } = map.metadata;
    const stranger: Stranger = { kind: 'ConfigMap', namespace: run.namespace, name, uid, why: 'NoProof' };
    this.#strangers.set(run.uid, [...(this.#strangers.get(run.uid) ?? []).slice(-MAX_TOLD), stranger]);
    return undefined;
  }

  /** Who has the right to compute, if somebody does who still needs it. */
  #unlessFree(run: RunContext, request: Attempt, name: string, entry: CacheEntry): Refusal | 'Ours' | undefined {
    if (entry.result || !entry.holder) return undefined;
    if (isSame(run, request, entry.holder)) return 'Ours';
    return this.#isBusy(run, request, entry.holder) ? this.#wait(run, name, entry) : undefined;
  }

  /** @returns whether the right to compute is ours */
  #write(map: CacheMap | undefined, wanted: CacheMap): Promise<boolean> {
    return map ? this.#maps.replace(map, wanted) : this.#maps.create(wanted);
  }

  /** A result that is young enough; one that the run itself computed also where it computes all anew. */
  #hit(run: RunContext, request: StartRequest, { result, holder }: CacheEntry, policy: CachePolicy): Hit | undefined {
    if (!result || (policy === 'Refresh' && holder?.uid !== run.uid)) return undefined;
    // Earlier versions stored results without outputs that the task declares.
    if (missingOutputs(request.task.outputs, result.outputs).length > 0) return undefined;
    const { maxAgeMs = 0 } = request.claims?.cache ?? {};
    const age = this.#options.clock.now() - result.at;
    if (age >= maxAgeMs || age < -AHEAD_MS) return undefined;
    return { phase: 'Hit', outputs: result.outputs, from: result.from };
  }

  /** Whether somebody else computes it. An attempt that asks is proof that the earlier ones of its task are over. */
  #isBusy(run: RunContext, { path, attempt }: Attempt, holder: CacheHolder): boolean {
    if (holder.uid === run.uid && holder.path === path && holder.attempt <= attempt) return false;
    const standing = this.#options.holderState(run.namespace, holder);
    if (standing !== 'Unstarted') return standing === 'Held';
    const now = this.#options.clock.monotonic();
    const key = holderKey(holder);
    const asked = this.#asked.get(key) ?? now;
    this.#asked.set(key, asked);
    return now - asked < UNSTARTED_MS;
  }

  #note(run: RunContext, { path, attempt }: Attempt, name: string): undefined {
    const pending = this.#pending.get(run.uid) ?? new Map<string, string>();
    this.#pending.set(run.uid, pending.set(path, name));
    this.#asked.set(holderKey({ uid: run.uid, path, attempt }), this.#options.clock.monotonic());
  }

  #wait(run: RunContext, name: string, entry: CacheEntry): Refusal {
    const key = `${run.namespace}/${name}`;
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(objectKey(run)));
    const who = entry.holder
      ? `run ${entry.holder.run} task ${entry.holder.path} has been computing the same result since ${entry.holder.since}`
      : 'another attempt is computing the same result';
    return {
      phase: 'Refused',
      reason: 'CacheBusy',
      message: `${who}; the result is reused once it is available`,
      retry: true,
    };
  }

  #wake(key: string): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    for (const runKey of waiting ?? []) this.#options.wake(runKey);
  }

  async #recall(run: RunContext): Promise<void> {
    const pending = new Map<string, string>();
    const maps = await this.#maps.pendingOf(run.namespace, run.uid).catch((error: unknown) => {
      if (!isForbidden(error)) throw error;
      return [];
    });
    for (const map of maps) {
      const { isProven, holder } = readEntry(this.#options.proves, map);
      if (isProven && holder?.uid === run.uid) pending.set(holder.path, map.metadata.name);
    }
    this.#pending.set(run.uid, pending);
  }

  /** Stores the result of an attempt, or lets go of the entry of one that has none. */
  async #end(run: RunContext, name: string, event: EndOfAttempt): Promise<void> {
    const map = await this.#maps.read({ name, namespace: run.namespace });
    if (!map) return;
    const { clock, proves } = this.#options;
    const { isProven, holder, result } = readEntry(proves, map);
    if (!isProven || result || holder?.uid !== run.uid || holder.path !== event.path) return;
    if (event.type !== 'Succeeded') return this.#maps.delete(map);
    const filled = filledEntry(proves, map, holder, { outputs: event.outputs ?? {}, now: clock.now() });
    await this.#maps.replace(map, filled);
    this.#options.stored(run.namespace);
  }
}

type EndOfAttempt = Extract<HistoryEvent, { type: 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled' }>;

const isEnd = (event: HistoryEvent): event is EndOfAttempt =>
  ['Succeeded', 'Failed', 'Skipped', 'Cancelled'].includes(event.type);

const isSame = ({ uid }: RunContext, { path, attempt }: Attempt, holder: CacheHolder): boolean =>
  holder.uid === uid && holder.path === path && holder.attempt === attempt;
