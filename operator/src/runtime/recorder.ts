import { BoundedMap, type Rate, TokenBuckets } from '../bounds/index.ts';
import type { KubeObject } from '../objects/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { KubeClient } from './client.ts';
import { type Clock, microTime, realClock, type Timer } from './clock.ts';
import { isNotFound } from './errors.ts';
import { EVENTS } from './resource.ts';

export type EventType = 'Normal' | 'Warning';

/** Reports to people, through `kubectl describe`, events of an object. Never blocks, never throws. */
export interface Recorder {
  /**
   * @param regarding the object it is about; its apiVersion, kind and metadata are used
   * @param reason why, short PascalCase
   * @param action the action taken or attempted, short PascalCase
   * @param note a sentence for people
   */
  event(regarding: KubeObject, type: EventType, reason: string, action: string, note: string): void;
}

export interface RecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'patch'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  /** `reportingController`, a qualified name such as `flow.ado.dev/operator`. */
  readonly controller: string;
  /** `reportingInstance`, such as the pod's name. */
  readonly instance: string;
  /** Pause between two updates of one series, ms (default 10,000). */
  readonly seriesPeriodMs?: number;
  /** Silence after which the same event starts a new object, ms (default 360,000). */
  readonly seriesIdleMs?: number;
  /** Events one object may have at once, and how often it earns one more, ms (default 25 and 60,000). */
  readonly burst?: number;
  readonly refillMs?: number;
  /** Writes that may wait (default 1,000); more are dropped. */
  readonly maxQueued?: number;
}

/** One distinct event: its object as written, and the occurrences since. */
interface Series {
  readonly namespace: string;
  readonly name: string;
  readonly body: KubeObject;
  count: number;
  written: number;
  lastSeen: number;
  queued: boolean;
  timer: Timer | undefined;
}

/** Distinct events remembered for aggregation. */
const MAX_SERIES = 4096;
/** Objects whose budgets are remembered. */
const MAX_OBJECTS = 4096;
/** The API server's limit, in bytes. */
const MAX_NOTE_BYTES = 1024;
const MAX_WORD = 128;

/**
 * Writes events of `events.k8s.io/v1`. Equal events become one object with a series count; the first is written at
 * once, repetitions at most every few seconds. An event beyond the budget of its object or the queue is dropped and
 * counted: events are a courtesy, never a record.
 */
export class KubeRecorder implements Recorder {
  private readonly options: RecorderOptions;
  private readonly clock: Clock;
  private readonly rate: Rate;
  private readonly budgets = new TokenBuckets(MAX_OBJECTS);
  private readonly series = new BoundedMap<Series>({
    max: MAX_SERIES,
    onDrop: (_key, { timer }) => timer?.cancel(),
  });
  private readonly queue: Series[] = [];
  private writing: Promise<void> | undefined;
  private stopped = false;

  constructor(options: RecorderOptions) {
    this.options = options;
    this.clock = options.clock ?? realClock;
    const { burst = 25, refillMs = 60_000 } = options;
    this.rate = { count: burst, perMs: burst * refillMs };
  }

  event(regarding: KubeObject, type: EventType, reason: string, action: string, note: string): void {
    if (this.stopped) return;
    const key = [regarding.metadata.uid, type, reason, action, note].join('\n');
    const now = this.clock.now();
    const known = this.series.get(key);
    if (known && now - known.lastSeen < (this.options.seriesIdleMs ?? 360_000)) {
      this.repeat(known, now);
      return;
    }
    const { uid = regarding.metadata.name } = regarding.metadata;
    if (this.budgets.take(uid, this.rate, this.clock.monotonic()) > 0) {
      this.options.metrics.eventsDropped.inc({ reason: 'RateLimited' });
      return;
    }
    this.begin(key, this.compose(regarding, type, reason, action, note, now), now);
  }

  /** Writes the queued events, for at most `graceMs`, and takes no more. */
  async stop(graceMs = 1000): Promise<void> {
    this.stopped = true;
    for (const series of this.series.values()) {
      series.timer?.cancel();
      if (series.count > series.written) this.enqueue(series);
    }
    const grace = new AbortController();
    await Promise.race([this.writing, this.clock.sleep(graceMs, grace.signal).catch(() => undefined)]);
    grace.abort();
    this.queue.length = 0;
  }

  private begin(key: string, body: KubeObject, now: number): void {
    const { name, namespace = 'default' } = body.metadata;
    const series: Series = {
      namespace,
      name,
      body,
      count: 1,
      written: 0,
      lastSeen: now,
      queued: false,
      timer: undefined,
    };
    this.series.get(key)?.timer?.cancel();
    this.series.set(key, series);
    this.enqueue(series);
  }

  private repeat(series: Series, now: number): void {
    series.count++;
    series.lastSeen = now;
    if (series.timer || series.queued) return;
    series.timer = this.clock.setTimeout(() => {
      series.timer = undefined;
      this.enqueue(series);
    }, this.options.seriesPeriodMs ?? 10_000);
  }

  private enqueue(series: Series): void {
    if (series.queued) return;
    if (this.queue.length >= (this.options.maxQueued ?? 1000)) {
      this.options.metrics.eventsDropped.inc({ reason: 'QueueFull' });
      return;
    }
    series.queued = true;
    this.queue.push(series);
    this.writing ??= this.drain().finally(() => {
      this.writing = undefined;
    });
  }

  private async drain(): Promise<void> {
    for (let series = this.queue.shift(); series; series = this.queue.shift()) {
      series.queued = false;
      try {
        await this.write(series);
        this.options.metrics.eventsEmitted.inc();
      } catch (error) {
        this.options.metrics.eventsDropped.inc({ reason: 'Failed' });
        this.options.logger.debug({ err: error, event: series.name, namespace: series.namespace }, 'event not written');
      }
    }
  }

  private async write(series: Series): Promise<void> {
    const { count } = series;
    if (series.written === 0) await this.create(series, count);
    else await this.update(series, count);
    series.written = count;
  }

  private async create(series: Series, count: number): Promise<void> {
    const body = count > 1 ? { ...series.body, series: this.seriesOf(series, count) } : series.body;
    await this.options.client.create(EVENTS, body);
  }

  private async update(series: Series, count: number): Promise<void> {
    const patch = { kind: 'merge', body: { series: this.seriesOf(series, count) } } as const;
    try {
      await this.options.client.patch(EVENTS, series, patch);
    } catch (error) {
      // Events live for an hour by default; a series that outlives its object gets a new one.
      if (!isNotFound(error)) throw error;
      await this.create(series, count);
    }
  }

  private seriesOf(series: Series, count: number): { count: number; lastObservedTime: string } {
    return { count, lastObservedTime: microTime(series.lastSeen) };
  }

  private compose(
    regarding: KubeObject,
    type: EventType,
    reason: string,
    action: string,
    note: string,
    now: number,
  ): KubeObject {
    const { name, namespace, uid, resourceVersion } = regarding.metadata;
    const { apiVersion, kind } = regarding;
    const event = {
      metadata: { name: `${name.slice(0, 200)}.${uniqueSuffix(now)}`, namespace: namespace ?? 'default' },
      eventTime: microTime(now),
      reportingController: this.options.controller,
      reportingInstance: this.options.instance.slice(0, MAX_WORD),
      type,
      reason: reason.slice(0, MAX_WORD),
      action: action.slice(0, MAX_WORD),
      note: shorten(note),
      regarding: { apiVersion, kind, name, namespace, uid, resourceVersion },
    };
    return event;
  }
}

/** Cuts a note to its limit in bytes, never inside a character. */
function shorten(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= MAX_NOTE_BYTES) return note;
  const whole = new TextDecoder().decode(bytes.subarray(0, MAX_NOTE_BYTES - 3), { stream: true });
  return `${whole}…`;
}

let sequence = 0;

/** Unique among the events of one object: the time, and a number that this process does not repeat. */
function uniqueSuffix(now: number): string {
  sequence = (sequence + 1) % 0xffff;
  return `${now.toString(16)}${sequence.toString(16).padStart(4, '0')}`;
}
