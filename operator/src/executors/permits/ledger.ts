import { type Holder, objectKey, type RenderedClaims, rateOf, type Semaphore } from '../../api/index.ts';
import { takeableAt } from '../../bounds/index.ts';
import { isNotFound, parseKey, type Store } from '../../runtime/index.ts';
import type { Attempt, Refusal, RunContext } from '../executor.ts';
import { CACHE_LAG_MS } from '../expectations.ts';
import { Account, type AccountOptions, SHOW_AFTER_MS } from './account.ts';
import { holderKey } from './holder.ts';
import { admissible, inOrder, itemOf, type Waiter, type Want } from './order.ts';
import { describeWait, timeOf } from './wait-message.ts';

/**
 * What becomes of a holder, judged by what is stored: its attempt may be running (`Held`), will never run again (`Free`),
 * or is not known to have been started (`Unstarted`): it may be about to, or it was given up.
 */
export type HolderState = 'Held' | 'Free' | 'Unstarted';

export interface LedgerOptions extends AccountOptions {
  readonly semaphores: Store<Semaphore>;
  readonly holderState: (namespace: string, holder: Holder) => HolderState;
  /** Whether a run that asked may still want to start anything. */
  readonly mayStart: (namespace: string, run: string, uid: string) => boolean;
  /** Priority of a run, -100 to 100. */
  readonly priorityOf: (namespace: string, run: string) => number;
  /** Has a run ask again. */
  readonly wake: (runKey: string) => void;
  /** Has a semaphore settled soon. */
  readonly settleSoon: (key: string) => void;
}

type Permits = NonNullable<RenderedClaims['permits']>;

/** An attempt that holds permits and was not started is believed to be about to be for so long after it last asked. */
const UNSTARTED_MS = 30_000;
/** A waiter that was told to ask again and does not keeps others out no longer than this. */
const ANSWER_MS = 3_000;
/** A waiter that has not asked for so long does so no more. Runs ask every few seconds. */
const SILENT_MS = 60_000;
/** Attempts that wait for one semaphore; more of them wait without a place. */
const MAX_WAITERS = 10_000;
/** Holders of which it is known when they asked; one that is forgotten counts as if it had asked now. */
const MAX_ASKED = 100_000;
/** How often holders are looked at when nothing happens. */
const RECHECK_MS = 30_000;
/** The write that frees permits waits so long for the one that gives them to the next. */
const HANDOVER_MS = 1_000;
/** Items of one fan-out that wait ask within this. */
const TOGETHER_MS = 10_000;

/**
 * Who holds and who waits, of all Semaphores of the namespaces that are served. Invariants:
 * 1. An attempt starts only after a status says that it holds all that it asked for.
 * 2. Whether somebody waits is known here alone: after a restart they ask again, and lose at most their place.
 * 3. Permits are freed because of what is stored about their holder, never because of an event alone.
 * 4. Of the items of a fan-out none gets in before those below it: the engine records them in that order.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #accounts = new Map<string, Account>();
  /** Those who wait, by semaphore and by their key; one that wants several is under each. */
  readonly #waiters = new Map<string, Map<string, Waiter>>();
  /** Those of them that are items, by run and fan-out. */
  readonly #fans = new Map<string, Set<Waiter>>();
  readonly #orders = new Map<string, { at: number; waiters: Waiter[] }>();
  /** Uids of the runs that hold or wait, by semaphore; it may name some that do so no more. */
  readonly #concerned = new Map<string, Set<string>>();
  /** Monotonic time at which a holder last asked. */
  readonly #asked = new Map<string, number>();

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** How much is remembered of semaphores, of their holders and of those that wait. */
  get size(): number {
    const maps = [this.#accounts, this.#waiters, this.#fans, this.#orders, this.#concerned, this.#asked];
    return maps.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Takes permits for an attempt, all or none.
   * @returns why it must wait; nothing when it holds them
   * @throws when the API server does not say that it does
   */
  async ask(run: RunContext, { path, attempt }: Attempt, permits: Permits): Promise<Refusal | undefined> {
    const wants = permits
      .map(({ semaphore, permits: count, share }): Want => {
        return { key: `${run.namespace}/${semaphore}`, permits: count, share: share.slice(0, 256) };
      })
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const waiter = this.#waiterOf(run, { path, attempt }, wants);
    const missing = wants.find(({ key }) => !this.#options.semaphores.get(key));
    if (missing) return this.#notFound(waiter, missing.key);
    const accounts = wants.map(({ key }) => this.#account(key));
    for (const { key } of wants) this.#concerned.set(key, (this.#concerned.get(key) ?? new Set()).add(run.uid));
    try {
      await Promise.all(accounts.map((account) => account.ready()));
      this.#supersede(accounts, waiter);
      if (accounts.every((account) => account.isSaved(waiter.key))) return this.#hold(waiter);
      // A part of it, from a write that failed half way: kept while the rest is awaited, it could close a circle.
      for (const account of accounts) if (this.#free(account, waiter.key)) this.#options.settleSoon(account.key);
      return await this.#take(waiter);
    } catch (error) {
      if (isNotFound(error)) return this.#notFound(waiter, wants[0]?.key ?? '');
      throw error;
    }
  }

  /** The semaphores of which a run holds something, or for which it waits. */
  keysOf(uid: string): string[] {
    return [...this.#concerned].flatMap(([key, uids]) => (uids.has(uid) ? [key] : []));
  }

  /**
   * Frees what nobody needs any more, tells the next in turn, and writes what has changed.
   * @returns milliseconds until it must be looked at again; nothing if nobody holds or waits
   */
  async settle(key: string): Promise<number | undefined> {
    this.#dropSilent(key);
    if (!this.#options.semaphores.get(key)) return this.#forget(key);
    const account = this.#account(key);
    try {
      await account.ready();
    } catch (error) {
      if (isNotFound(error)) return RECHECK_MS;
      throw error;
    }
    if (this.#reap(account)) this.#orders.delete(key);
    const concerned = [...account.holders, ...(this.#waiters.get(key)?.values() ?? [])].map(({ uid }) => uid);
    this.#concerned.set(key, new Set(concerned));
    const woken = this.#wakeNext(parseKey(key).namespace ?? '');
    account.waiting = this.#waiters.get(key)?.size ?? 0;
    if (woken > 0 && account.isDirty) return HANDOVER_MS;
    await account.save();
    return this.#lookAgain(account, woken);
  }

  #lookAgain(account: Account, woken: number): number | undefined {
    const waiters = this.#waiters.get(account.key)?.size ?? 0;
    if (account.size === 0 && waiters === 0) return undefined;
    const waits = [RECHECK_MS];
    if (woken > 0) waits.push(ANSWER_MS);
    if (waiters > 0) waits.push(SHOW_AFTER_MS);
    const { rate } = account.spec;
    const now = this.#options.clock.now();
    const next = waiters > 0 ? this.#order(account.key)[0] : undefined;
    const want = next?.wants.find(({ key }) => key === account.key);
    if (rate && want) waits.push(Math.max(10, takeableAt(rateOf(rate), account.bucket, now, want.permits) - now));
    return Math.min(...waits);
  }

  /** Gives what is wanted if it is the waiter's turn, and returns when the API server says so. */
  async #take(waiter: Waiter): Promise<Refusal | undefined> {
    const accounts = waiter.wants.map(({ key }) => this.#account(key));
    this.#enter(waiter);
    const impossible = waiter.wants.find(({ key, permits }) => permits > this.#most(key));
    if (impossible) {
      this.#leave(waiter);
      return this.#wait(waiter, impossible);
    }
    if (!this.#isTurnOf(waiter) && !(this.#takeBack(waiter) && this.#isTurnOf(waiter))) return this.#wait(waiter);
    this.#leave(waiter);
    const since = timeOf(this.#options.clock.now());
    const { run, uid, path, attempt } = waiter;
    this.#noteAsked(waiter.key, this.#now());
    for (const { key, permits, share } of waiter.wants) {
      this.#account(key).grant({ run, uid, path, attempt, permits, since, ...(share ? { share } : {}) });
      this.#orders.delete(key);
    }
    const saves = await Promise.allSettled(accounts.map((account) => account.save()));
    const failed = saves.find((save) => save.status === 'rejected');
    if (!failed && accounts.every((account) => account.isSaved(waiter.key))) return undefined;
    for (const account of accounts) if (!account.isSaved(waiter.key)) this.#free(account, waiter.key);
    if (failed) throw failed.reason;
    this.#enter(waiter);
    return this.#wait(waiter);
  }

  #isTurnOf(waiter: Waiter): boolean {
    const isFree = waiter.wants.every(({ key, permits }) => permits <= this.#account(key).free);
    return isFree && this.#admissible(waiter.namespace).has(waiter);
  }

  /**
   * Takes back what a later item of the same fan-out holds that the state does not know, once its pod has ended: it is
   * recorded only after this one has begun, and both would wait for ever.
   */
  #takeBack(waiter: Waiter): boolean {
    const { namespace, uid, item } = waiter;
    if (!item) return false;
    const before = this.#options.clock.now() - CACHE_LAG_MS;
    let taken = false;
    for (const { key } of waiter.wants) {
      const account = this.#account(key);
      for (const holder of [...account.holders]) {
        const other = holder.uid === uid ? itemOf(holder.path) : undefined;
        if (other?.of !== item.of || other.index <= item.index || Date.parse(holder.since) > before) continue;
        if (this.#options.holderState(namespace, holder) !== 'Unstarted') continue;
        taken = this.#free(account, holderKey(holder)) || taken;
      }
    }
    return taken;
  }

  #most(key: string): number {
    const { permits, rate } = this.#account(key).spec;
    return Math.min(permits, rate?.count ?? permits);
  }

  /** The waiter that an attempt is, if it waits already, else a new one. */
  #waiterOf(run: RunContext, { path, attempt }: Attempt, wants: readonly Want[]): Waiter {
    const { name, namespace, uid } = run;
    const key = holderKey({ uid, path, attempt });
    const now = this.#now();
    const known = wants.map((want) => this.#waiters.get(want.key)?.get(key)).find((waiter) => waiter !== undefined);
    const priority = this.#options.priorityOf(namespace, name);
    const waiter = known ?? {
      key,
      namespace,
      run: name,
      uid,
      path,
      attempt,
      item: itemOf(path),
      priority,
      since: now,
      asked: now,
      woken: undefined,
      wants,
    };
    if (waiter.priority !== priority) for (const want of wants) this.#orders.delete(want.key);
    return Object.assign(waiter, { asked: now, woken: undefined, priority });
  }

  #enter(waiter: Waiter): void {
    const fan = waiter.item && `${waiter.uid}/${waiter.item.of}`;
    if (fan !== undefined) this.#fans.set(fan, (this.#fans.get(fan) ?? new Set()).add(waiter));
    for (const { key } of waiter.wants) {
      const waiters = this.#waiters.get(key) ?? new Map<string, Waiter>();
      if (waiters.has(waiter.key) || waiters.size >= MAX_WAITERS) continue;
      this.#waiters.set(key, waiters.set(waiter.key, waiter));
      this.#options.settleSoon(key);
      // Where nothing is free, the order is worth no sorting for each who comes.
      if (this.#account(key).free > 0) this.#orders.delete(key);
      else this.#orders.get(key)?.waiters.push(waiter);
    }
  }

  #free(account: Account, key: string): boolean {
    this.#asked.delete(key);
    return account.release(key);
  }

  #noteAsked(key: string, at: number): void {
    this.#asked.delete(key);
    this.#asked.set(key, at);
    if (this.#asked.size > MAX_ASKED) this.#asked.delete(this.#asked.keys().next().value ?? '');
  }

  #hold(waiter: Waiter): undefined {
    this.#noteAsked(waiter.key, this.#now());
    this.#leave(waiter);
  }

  #leave(waiter: Waiter): void {
    const fan = `${waiter.uid}/${waiter.item?.of}`;
    this.#fans.get(fan)?.delete(waiter);
    if (this.#fans.get(fan)?.size === 0) this.#fans.delete(fan);
    for (const [key, waiters] of this.#waiters) {
      if (!waiters.delete(waiter.key)) continue;
      this.#orders.delete(key);
      if (waiters.size === 0) this.#waiters.delete(key);
    }
  }

  /** An attempt that asks is proof that the earlier ones of its task are over. */
  #supersede(accounts: readonly Account[], { uid, path, attempt }: Waiter): void {
    for (const account of accounts) {
      for (const holder of [...account.holders]) {
        if (holder.uid === uid && holder.path === path && holder.attempt < attempt)
          this.#free(account, holderKey(holder));
      }
    }
  }

  #notFound(waiter: Waiter, key: string): Refusal {
    this.#leave(waiter);
    const { name } = parseKey(key);
    const message = `Semaphore ${name} not found in ${waiter.namespace}; create it or remove it from the task`;
    return { phase: 'Refused', reason: 'SemaphoreNotFound', message, retry: true };
  }

  #wait(waiter: Waiter, on?: Want): Refusal {
    const blocking =
      on ?? waiter.wants.find(({ key, permits }) => permits > this.#account(key).free) ?? waiter.wants[0];
    const key = blocking?.key ?? '';
    const place = this.#order(key).indexOf(waiter) + 1;
    const now = this.#options.clock.now();
    const message = describeWait(parseKey(key).name, this.#account(key), blocking?.permits ?? 1, place, now);
    // Nobody hands on what a Semaphore never has: only people can end that wait.
    const reason = on ? 'SemaphoreTooSmall' : 'Semaphore';
    return { phase: 'Refused', reason, message, retry: true };
  }

  #order(key: string): Waiter[] {
    const now = this.#now();
    const known = this.#orders.get(key);
    if (known && now - known.at < 1_000) return known.waiters;
    const waiters = inOrder(this.#waiters.get(key)?.values() ?? [], key, this.#account(key), now);
    this.#orders.set(key, { at: now, waiters });
    return waiters;
  }

  /** Who can have all that they want, of those who are there. */
  #admissible(namespace: string): Set<Waiter> {
    const now = this.#now();
    const isThere = (waiter: Waiter) =>
      (waiter.woken === undefined || now - waiter.woken < ANSWER_MS) &&
      waiter.wants.every(({ key }) => this.#accounts.get(key)?.isReady) &&
      !this.#isBehind(waiter);
    const queues = [...this.#waiters.keys()]
      .filter((key) => parseKey(key).namespace === namespace && this.#account(key).isReady)
      .map((key) => ({ key, waiters: this.#order(key).filter(isThere), free: this.#account(key).free }));
    return admissible(queues);
  }

  /** Whether an item below it in its fan-out waits as well. One that has not asked together with it does so no more. */
  #isBehind({ uid, item, asked }: Waiter): boolean {
    if (!item) return false;
    for (const other of this.#fans.get(`${uid}/${item.of}`) ?? []) {
      if (other.item && other.item.index < item.index && other.asked >= asked - TOGETHER_MS) return true;
    }
    return false;
  }

  #wakeNext(namespace: string): number {
    const now = this.#now();
    const next = this.#admissible(namespace);
    for (const waiter of next) {
      if (waiter.woken !== undefined) continue;
      waiter.woken = now;
      this.#options.wake(objectKey({ name: waiter.run, namespace }));
    }
    return next.size;
  }

  #reap(account: Account): boolean {
    const { namespace = '' } = parseKey(account.key);
    const now = this.#now();
    let freed = false;
    for (const holder of [...account.holders]) {
      const key = holderKey(holder);
      if (!account.isSaved(key)) continue;
      const standing = this.#options.holderState(namespace, holder);
      const asked = this.#asked.get(key) ?? now;
      this.#noteAsked(key, asked);
      if (standing === 'Held' || (standing === 'Unstarted' && now - asked < UNSTARTED_MS)) continue;
      freed = this.#free(account, key) || freed;
    }
    return freed;
  }

  /** Forgets who asks no more: its run is gone, over or stopped, or it has been silent for long. */
  #dropSilent(key: string): void {
    const now = this.#now();
    for (const waiter of [...(this.#waiters.get(key)?.values() ?? [])]) {
      const { namespace, run, uid, asked } = waiter;
      if (now - asked < SILENT_MS && this.#options.mayStart(namespace, run, uid)) continue;
      this.#leave(waiter);
    }
  }

  /**
   * Of a Semaphore that is gone its holders are kept until they are over, since one of its name may come.
   * @returns milliseconds until it must be looked at again; nothing if nobody holds or waits
   */
  #forget(key: string): number | undefined {
    const account = this.#accounts.get(key);
    if (account) this.#reap(account);
    if ((account?.size ?? 0) > 0 || this.#waiters.has(key)) return RECHECK_MS;
    this.#accounts.delete(key);
    this.#concerned.delete(key);
    this.#orders.delete(key);
    return undefined;
  }

  #account(key: string): Account {
    let account = this.#accounts.get(key);
    if (!account) {
      account = new Account(key, parseKey(key), this.#options);
      this.#accounts.set(key, account);
    }
    const seen = this.#options.semaphores.get(key);
    if (seen) account.observe(seen);
    return account;
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
