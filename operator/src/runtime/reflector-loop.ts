import { type KubeObject, objectKey } from '../objects/index.ts';
import { Backoff } from './backoff.ts';
import { AbortedError, ApiError, ConnectionError, isGone } from './errors.ts';
import { RETRY_AFTER_CAP_MS } from './holds.ts';
import { listAll } from './paged-list.ts';
import type { ReflectorContext } from './reflector-options.ts';
import { Relist } from './relist.ts';
import type { Entry } from './store.ts';
import { parseWatchEvent } from './watch-event.ts';

/** Why a watch was started again; a label of `ado_watch_restarts_total`. */
type RestartReason =
  | 'Ended'
  | 'Relist'
  | 'Gone'
  | 'Refused'
  | 'Throttled'
  | 'ServerError'
  | 'Silent'
  | 'Malformed'
  | 'Connection';

const DEFAULT_BACKOFF = { baseMs: 50, capMs: 30_000 };
/** Longest pause after a short watch that delivered something: it makes progress, but must not make a storm. */
const PROGRESS_PAUSE_CAP_MS = 1000;
/** Time that events may take before others on the event loop get a turn, ms. */
const SLICE_MS = 10;
/** Unreadable events in a row from one position before the position is dropped. */
const MALFORMED_LIMIT = 2;

/** How one watch went. */
interface Attempt {
  openedAt: number | undefined;
  progressed: boolean;
  /** Set when it was ended here because it has missed an event. */
  relist: boolean;
}

/**
 * List and watch of one namespace, or of the cluster.
 *
 * Invariants:
 * 1. `position` is the version up to which the store has seen everything; it advances with every event and bookmark.
 *    A watch continues from it; everything is listed again only where the server says that it cannot (410 in any form,
 *    or a refusal of the position itself), or where the periodic list shows that the watch has missed an event.
 * 2. While a list is read to be stored no watch runs, so a list is never older than the cache. The periodic list runs
 *    beside the watch and is only compared with the cache (relist.ts).
 * 3. Pauses grow until a watch has lived for a while: success of the list alone does not count.
 */
export class ReflectorLoop<T> {
  private readonly context: ReflectorContext<T>;
  private readonly namespace: string | undefined;
  private readonly onListed: () => void;
  private readonly backoff: Backoff;
  private position: string | undefined;
  private relistDue = 0;
  private relist: Relist<T> | undefined;
  private watching: { readonly attempt: Attempt; readonly end: () => void } | undefined;
  /** Set when the next list repairs missed events. */
  private repairs = false;
  private malformed = 0;
  private listed = false;
  private sliceStart = 0;

  constructor(context: ReflectorContext<T>, namespace: string | undefined, onListed: () => void) {
    this.context = context;
    this.namespace = namespace;
    this.onListed = onListed;
    this.backoff = new Backoff({ ...DEFAULT_BACKOFF, random: context.random, ...context.options.backoff });
  }

  get hasListed(): boolean {
    return this.listed;
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.follow(signal), this.relistPeriodically(signal)]);
  }

  private async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.position === undefined) await this.list(signal);
        await this.watch(signal);
      } catch (error) {
        if (!signal.aborted) await this.recover(error, signal);
      }
    }
  }

  private async relistPeriodically(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const wait = this.relistDue - this.context.clock.monotonic();
      if (wait > 0) await this.sleep(wait, signal);
      else await this.relistOnce(signal);
    }
  }

  /** Compares the cache with a list. Where the watch has missed events it ends, and everything is listed and stored. */
  private async relistOnce(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.context;
    this.relistDue = clock.monotonic() + this.jittered(this.context.relistPeriodMs);
    // Everything is about to be listed.
    if (this.position === undefined) return;
    const relist = new Relist(this.context, this.namespace);
    this.relist = relist;
    try {
      const missed = await relist.missed(signal);
      if (missed > 0 && this.relist === relist) this.repair(missed);
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ err: error, namespace: this.namespace }, 'the periodic list failed');
      this.relistDue = clock.monotonic() + this.jittered(this.context.relistPeriodMs / 10);
    } finally {
      if (this.relist === relist) this.relist = undefined;
    }
  }

  private repair(missed: number): void {
    this.context.logger.warn({ missed, namespace: this.namespace }, 'the watch has missed events; listing everything');
    this.repairs = true;
    if (!this.watching) return this.forgetPosition();
    this.watching.attempt.relist = true;
    this.watching.end();
  }

  private async list(signal: AbortSignal): Promise<void> {
    const { client, type, labelSelector, fieldSelector, pageLimit } = this.context.options;
    let entries: Entry<T>[] = [];
    let skipped = new Map<string, string>();
    const result = await listAll(client, {
      type,
      query: { namespace: this.namespace, labelSelector, fieldSelector },
      limit: pageLimit ?? 500,
      signal,
      onItem: (object) => {
        const entry = this.context.toEntry(object);
        if (entry) entries.push(entry);
        else skipped.set(objectKey(object.metadata), object.metadata.uid ?? '');
      },
      onRestart: () => {
        entries = [];
        skipped = new Map();
      },
    });
    this.take(entries, skipped);
    this.position = result.resourceVersion;
    this.relistDue = this.context.clock.monotonic() + this.jittered(this.context.relistPeriodMs);
    // It compares with a cache that no longer exists.
    this.relist = undefined;
    this.listed = true;
    this.onListed();
  }

  private take(entries: Entry<T>[], skipped: Map<string, string>): void {
    this.context.heard();
    const changes = this.context.store.replace(entries, this.namespace, skipped);
    if (!this.repairs) return;
    this.repairs = false;
    const count = changes.added + changes.updated + changes.deleted;
    this.context.options.metrics.informerRepairs.inc({ resource: this.context.name }, count);
    this.context.logger.info({ ...changes, namespace: this.namespace }, 'missed events were repaired');
  }

  private async watch(signal: AbortSignal): Promise<void> {
    // It may have aborted during the list; a listener would no longer be called.
    if (signal.aborted) return;
    const attempt: Attempt = { openedAt: undefined, progressed: false, relist: false };
    const own = new AbortController();
    const onAbort = () => own.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    this.watching = { attempt, end: onAbort };
    let failure: unknown;
    try {
      await this.stream(own.signal, attempt);
    } catch (error) {
      failure = error;
    } finally {
      this.watching = undefined;
      signal.removeEventListener('abort', onAbort);
    }
    if (!signal.aborted) await this.afterWatch(attempt, failure, signal);
  }

  private stream(signal: AbortSignal, attempt: Attempt): Promise<void> {
    const { client, type, labelSelector, fieldSelector, inactivityMs } = this.context.options;
    const { min, max } = this.context.options.watchTimeoutSeconds ?? { min: 300, max: 600 };
    const timeoutSeconds = Math.round(min + (max - min) * this.context.random());
    const query = { namespace: this.namespace, labelSelector, fieldSelector, timeoutSeconds };
    this.sliceStart = this.context.clock.monotonic();
    return client.watch(
      type,
      { ...query, resourceVersion: this.position ?? '' },
      {
        signal,
        inactivityMs: inactivityMs ?? 90_000,
        onOpen: () => {
          attempt.openedAt = this.context.clock.monotonic();
        },
        onLine: (line) => this.onLine(line, attempt),
      },
    );
  }

  private onLine(line: string, attempt: Attempt): Promise<void> | undefined {
    const event = parseWatchEvent(line);
    this.apply(event.type, event.object);
    this.position = event.object.metadata.resourceVersion;
    this.malformed = 0;
    attempt.progressed = true;
    this.context.heard();
    const now = this.context.clock.monotonic();
    if (now - this.sliceStart < SLICE_MS) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        this.sliceStart = this.context.clock.monotonic();
        resolve();
      }),
    );
  }

  private apply(type: string, object: KubeObject): void {
    if (type === 'BOOKMARK') return;
    this.relist?.told(objectKey(object.metadata));
    const entry = this.context.toEntry(object);
    if (type === 'DELETED') {
      this.context.store.remove(objectKey(object.metadata), object.metadata.uid, entry?.value);
      return;
    }
    if (entry) this.context.store.put(entry);
    else this.context.store.keepOnly(objectKey(object.metadata), object.metadata.uid ?? '');
  }

  private async afterWatch(attempt: Attempt, failure: unknown, signal: AbortSignal): Promise<void> {
    const reason = attempt.relist ? 'Relist' : reasonOf(failure);
    this.context.options.metrics.watchRestarts.inc({ resource: this.context.name, reason });
    if (attempt.relist) return this.forgetPosition();
    const lived = attempt.openedAt === undefined ? 0 : this.context.clock.monotonic() - attempt.openedAt;
    if (reason === 'Malformed') this.malformed++;
    if (reason === 'Gone' || reason === 'Refused' || this.malformed >= MALFORMED_LIMIT) this.forgetPosition();
    if (failure) this.logWatchFailure(reason, failure, lived);
    if (lived >= (this.context.options.stableMs ?? 5000)) {
      this.backoff.reset();
      if (!failure) return;
    }
    const cap = attempt.progressed ? PROGRESS_PAUSE_CAP_MS : Number.POSITIVE_INFINITY;
    await this.pause(Math.min(this.backoff.next(), cap), failure, signal);
  }

  private forgetPosition(): void {
    this.position = undefined;
    this.malformed = 0;
  }

  private logWatchFailure(reason: RestartReason, error: unknown, livedMs: number): void {
    const fields = { err: error, reason, namespace: this.namespace, livedMs: Math.round(livedMs) };
    if (reason === 'Gone' || reason === 'Connection') this.context.logger.info(fields, 'watch restarted');
    else this.context.logger.warn(fields, 'watch failed; restarting');
  }

  private async recover(error: unknown, signal: AbortSignal): Promise<void> {
    this.context.logger.warn({ err: error, namespace: this.namespace }, 'list failed; retrying');
    await this.pause(this.backoff.next(), error, signal);
  }

  /** Waits, at least as long as the server asked for. */
  private async pause(ms: number, error: unknown, signal: AbortSignal): Promise<void> {
    const asked = error instanceof ApiError ? Math.min(error.retryAfterMs ?? 0, RETRY_AFTER_CAP_MS) : 0;
    const wait = asked > 0 ? asked * (1 + 0.2 * this.context.random()) : 0;
    await this.sleep(Math.max(ms, wait), signal);
  }

  private async sleep(ms: number, signal: AbortSignal): Promise<void> {
    await this.context.clock.sleep(ms, signal).catch((reason: unknown) => {
      if (!(reason instanceof AbortedError)) throw reason;
    });
  }

  /** Spread over a tenth to each side, so that kinds and replicas that start together do not list together for long. */
  private jittered(ms: number): number {
    return ms * (0.9 + 0.2 * this.context.random());
  }
}

function reasonOf(failure: unknown): RestartReason {
  if (failure === undefined) return 'Ended';
  if (isGone(failure)) return 'Gone';
  if (failure instanceof ApiError) return refusalOf(failure);
  if (!(failure instanceof ConnectionError)) return 'Connection';
  if (failure.code === 'Silent' || failure.code === 'Malformed') return failure.code;
  return failure.code === 'LineTooLong' ? 'Malformed' : 'Connection';
}

function refusalOf(error: ApiError): RestartReason {
  if (error.status === 429) return 'Throttled';
  const unknownVersion = error.details.causes?.some((cause) => cause.reason === 'ResourceVersionTooLarge') ?? false;
  return error.status === 400 || unknownVersion ? 'Refused' : 'ServerError';
}
