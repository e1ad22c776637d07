import type { KubeObject } from '../objects/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { BackoffOptions } from './backoff.ts';
import type { KubeClient } from './client.ts';
import type { Clock } from './clock.ts';
import type { ResourceType } from './resource.ts';
import type { Entry, IndexFunction, Store } from './store.ts';

export interface ReflectorOptions<T> {
  readonly client: KubeClient;
  readonly type: ResourceType;
  /** Turns an object into its cached value. Called once per version, after managedFields are dropped. It may throw. */
  readonly decode: (object: KubeObject) => T;
  /**
   * The value to cache for an object that could not be decoded. Without it, or when it returns undefined, the object is
   * skipped, and the copy cached before (if any) stays.
   */
  readonly undecodable?: (object: KubeObject, error: unknown) => T | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  /** Label of the metrics (default: the plural). */
  readonly name?: string;
  /** Watch these namespaces only (default: the whole cluster). */
  readonly namespaces?: readonly string[];
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** The store to fill, one reflector a store (default: a new one with `indexes`). */
  readonly store?: Store<T>;
  /** Indexes of a new store. */
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Objects a page (default 500). */
  readonly pageLimit?: number;
  /** How often everything is listed again beside the watch to find missed events, ms (default 7,200,000). */
  readonly relistPeriodMs?: number;
  /** Silence after which a watch counts as dead, ms (default 90,000: bookmarks come about once a minute). */
  readonly inactivityMs?: number;
  /** Bounds of the watch's own end, which the server picks up, in seconds (default 300 to 600). */
  readonly watchTimeoutSeconds?: { readonly min: number; readonly max: number };
  /** Pauses after failures (default 50 ms to 30 s). */
  readonly backoff?: BackoffOptions;
  /** A watch that lives this long is a success and ends the series of pauses, ms (default 5,000). */
  readonly stableMs?: number;
  readonly random?: () => number;
}

/** The parts that the loops of a reflector share. */
export interface ReflectorContext<T> {
  readonly options: ReflectorOptions<T>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: Store<T>;
  readonly name: string;
  readonly relistPeriodMs: number;
  readonly random: () => number;
  /** Undefined when the object is to be skipped. */
  toEntry(object: KubeObject): Entry<T> | undefined;
  /** Something came from the server. */
  heard(): void;
}
