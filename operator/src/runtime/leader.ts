import type { Logger, Metrics } from '../telemetry/index.ts';
import type { KubeClient } from './client.ts';
import { type Clock, realClock } from './clock.ts';
import { isAborted, isAlreadyExists, isConflict, isNotFound } from './errors.ts';
import { holderOf, type Lease, type LeaseHolder, leaseBody, releasedBody } from './lease.ts';
import { LEASES } from './resource.ts';

/** The part of a client that the elector needs. */
export type LeaseClient = Pick<KubeClient, 'get' | 'create' | 'replace'>;

export interface LeaderOptions {
  /** Not fenced: the fence itself depends on the lease. */
  readonly client: LeaseClient;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Unique to this process, such as the pod's name and a random part. */
  readonly identity: string;
  /** How long others must see no renewal before they take over, ms (default 15,000; whole seconds). */
  readonly leaseMs?: number;
  /** How long one renewal lets this process lead, ms (default 10,000; must be shorter than the lease). */
  readonly renewDeadlineMs?: number;
  /** Pause between renewals, ms (default 2,000; must be shorter than the renew deadline). */
  readonly retryMs?: number;
  /** Pause between reads of another process's lease, ms (default 500); a released lease is idle no longer than this. */
  readonly standbyMs?: number;
  readonly random?: () => number;
}

/**
 * One leader among several processes, by a Lease.
 *
 * Invariants:
 * 1. `isLeader()` is true only while less than the renew deadline has passed, on the monotonic clock, since a moment
 *    before the last successful renewal was sent. As the deadline is shorter than the lease, and others count the
 *    lease from when they saw the renewal, no other process leads then, whatever wall clocks show and however long
 *    this process was suspended.
 * 2. Once lost, this elector never leads again: its process is expected to end, and its memory with it.
 * 3. Leases of other processes are judged by the time since this one saw them change, never by the times in them.
 * 4. Every write is conditional on the version that was read.
 */
export class LeaderElector {
  private readonly options: LeaderOptions;
  private readonly clock: Clock;
  private readonly leaseMs: number;
  private readonly deadlineMs: number;
  private readonly retryMs: number;
  private readonly standbyMs: number;
  private lease: Lease | undefined;
  private observed: { readonly record: string; readonly at: number } | undefined;
  private renewedAt: number | undefined;
  private lost = false;

  /** @throws Error when the three times do not leave a margin. */
  constructor(options: LeaderOptions) {
    this.options = options;
    this.clock = options.clock ?? realClock;
    this.leaseMs = options.leaseMs ?? 15_000;
    this.deadlineMs = options.renewDeadlineMs ?? 10_000;
    this.retryMs = options.retryMs ?? 2000;
    this.standbyMs = options.standbyMs ?? 500;
    if (!(this.retryMs * 1.2 < this.deadlineMs && this.deadlineMs < this.leaseMs && this.leaseMs >= 1000)) {
      throw new Error(
        `leader election needs retry (${this.retryMs} ms) x 1.2 < renew deadline (${this.deadlineMs} ms) < lease ` +
          `(${this.leaseMs} ms) and a lease of at least 1,000 ms`,
      );
    }
    options.metrics.leaderStatus.set({ name: options.name }, 0);
    options.metrics.onScrape(() => options.metrics.leaderStatus.set({ name: options.name }, this.isLeader() ? 1 : 0));
  }

  get identity(): string {
    return this.options.identity;
  }

  /** Whether this process may act as the leader right now. Cheap: ask before every burst of writes. */
  isLeader(): boolean {
    if (this.lost || this.renewedAt === undefined) return false;
    return this.clock.monotonic() - this.renewedAt < this.deadlineMs;
  }

  /** Waits to become the leader. @throws AbortedError when the signal aborts first. */
  async acquire(signal: AbortSignal): Promise<void> {
    while (!(await this.attempt(signal))) await this.clock.sleep(this.jittered(this.standbyMs), signal);
    this.options.logger.info({ lease: this.options.name, identity: this.identity }, 'leadership acquired');
  }

  /** Renews until the signal aborts, and then returns; or until leadership is lost, and then returns true. */
  async hold(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const left = (this.renewedAt ?? 0) + this.deadlineMs - this.clock.monotonic();
      await this.clock.sleep(Math.min(this.jittered(this.retryMs), Math.max(0, left)), signal).catch(ignoreAbort);
      if (signal.aborted) break;
      // Checked before asking: a process that slept too long must not renew itself back into a role that it may have
      // lost and regained without noticing.
      if (!this.isLeader()) return this.lose();
      const renewed = await this.attempt(signal).catch(ignoreAbort);
      if (!renewed && !this.isLeader()) return this.lose();
    }
    return false;
  }

  /** Hands the lease back, so that a standby need not wait for it to end. Leads no more, whatever the answer. */
  async release(): Promise<void> {
    const lease = this.lease;
    const held = this.isLeader();
    this.lost = true;
    if (!lease || !held) return;
    try {
      const body = releasedBody(lease, this.clock.now());
      await this.options.client.replace(LEASES, body, { urgency: 'urgent', timeoutMs: this.requestMs() });
      this.options.logger.info({ lease: this.options.name }, 'leadership released');
    } catch (error) {
      this.options.logger.warn({ err: error, lease: this.options.name }, 'leadership could not be released');
    }
  }

  private lose(): true {
    this.lost = true;
    this.options.logger.error({ lease: this.options.name, identity: this.identity }, 'leadership lost');
    return true;
  }

  /** Tries once to create, take or renew the lease. Resolves to whether this process holds it; errors are logged. */
  private async attempt(signal: AbortSignal): Promise<boolean> {
    const before = this.clock.monotonic();
    try {
      const lease = await this.tryOnce(signal);
      if (!lease) return false;
      this.lease = lease;
      this.renewedAt = before;
      return true;
    } catch (error) {
      if (isAborted(error)) throw error;
      if (isConflict(error) || isAlreadyExists(error)) this.lease = undefined;
      else this.options.logger.warn({ err: error, lease: this.options.name }, 'lease could not be read or written');
      return false;
    }
  }

  private async tryOnce(signal: AbortSignal): Promise<Lease | undefined> {
    const call = { signal, urgency: 'urgent', timeoutMs: this.requestMs() } as const;
    // The lease as last written is enough to renew it; a conflict reports that it changed.
    const lease = this.isLeader() && this.lease ? this.lease : await this.read(call);
    if (lease && !this.mayTake(lease)) return undefined;
    const body = leaseBody(this.holder(), lease, this.clock.now());
    if (!lease) return this.options.client.create<Lease>(LEASES, body, call);
    return this.options.client.replace<Lease>(LEASES, body, call);
  }

  private async read(call: { signal: AbortSignal }): Promise<Lease | undefined> {
    const { name, namespace } = this.options;
    try {
      return await this.options.client.get<Lease>(LEASES, { name, namespace }, call);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Whether this process holds the lease, or it is free, or has not changed for its duration. */
  private mayTake(lease: Lease): boolean {
    const holder = holderOf(lease);
    const record = JSON.stringify(lease.spec ?? {});
    const now = this.clock.monotonic();
    if (this.observed?.record !== record) this.observed = { record, at: now };
    if (holder === '' || holder === this.identity) return true;
    const lasts = (lease.spec?.leaseDurationSeconds ?? this.leaseMs / 1000) * 1000;
    return now - this.observed.at >= lasts;
  }

  private holder(): LeaseHolder {
    const { name, namespace, identity } = this.options;
    return { name, namespace, identity, leaseSeconds: Math.ceil(this.leaseMs / 1000) };
  }

  /** One request may take half of the remaining time, so that a second one still fits. */
  private requestMs(): number {
    return this.deadlineMs / 2;
  }

  private jittered(pauseMs: number): number {
    return pauseMs * (1 + 0.2 * (this.options.random ?? Math.random)());
  }
}

function ignoreAbort(error: unknown): false {
  if (!isAborted(error)) throw error;
  return false;
}
