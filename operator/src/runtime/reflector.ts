import { type KubeObject, objectKey } from '../objects/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { type Clock, realClock } from './clock.ts';
import { ReflectorLoop } from './reflector-loop.ts';
import type { ReflectorContext, ReflectorOptions } from './reflector-options.ts';
import type { ResourceType } from './resource.ts';
import { type Entry, Store } from './store.ts';

const RELIST_PERIOD_MS = 2 * 3_600_000;
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Keeps a store equal to the objects of one kind, in the whole cluster or in some namespaces: lists, watches, and
 * lists again where the watch cannot continue or has missed an event. It never ends before its signal aborts, whatever the server does.
 */
export class Reflector<T> {
  readonly type: ResourceType;
  readonly name: string;
  readonly store: Store<T>;
  /** Resolves when every namespace has been listed once. */
  readonly synced: Promise<void>;
  private readonly options: ReflectorOptions<T>;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly loops: ReflectorLoop<T>[];
  private readonly announceSynced: () => void;
  private lastHeard = 0;

  constructor(options: ReflectorOptions<T>) {
    this.options = options;
    this.type = options.type;
    this.name = options.name ?? options.type.plural;
    this.clock = options.clock ?? realClock;
    this.logger = options.logger.child({ resource: this.name });
    this.store = options.store ?? new Store<T>(options.indexes && { indexes: options.indexes });
    this.store.reportErrorsTo((error, key) => this.handlerFailed(error, key));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.announceSynced = resolve;
    const scopes = options.namespaces ?? [undefined];
    const context = this.context();
    this.loops = scopes.map((namespace) => new ReflectorLoop(context, namespace, () => this.checkSynced()));
    this.registerMetrics();
  }

  /** Whether the store has held a complete list of every namespace. */
  get hasSynced(): boolean {
    return this.loops.every((loop) => loop.hasListed);
  }

  /** Runs until the signal aborts. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.loops.map((loop) => loop.run(signal)));
  }

  private context(): ReflectorContext<T> {
    return {
      options: this.options,
      clock: this.clock,
      logger: this.logger,
      store: this.store,
      name: this.name,
      relistPeriodMs: this.options.relistPeriodMs ?? RELIST_PERIOD_MS,
      random: this.options.random ?? Math.random,
      toEntry: (object) => this.toEntry(object),
      heard: () => {
        this.lastHeard = this.clock.now();
      },
    };
  }

  private toEntry(object: KubeObject): Entry<T> | undefined {
    const { metadata } = object;
    // Set to undefined, not deleted: the engine keeps the fast layout of the object.
    if (metadata.managedFields) (metadata as { managedFields?: unknown }).managedFields = undefined;
    if (metadata.annotations?.[LAST_APPLIED] !== undefined) delete metadata.annotations[LAST_APPLIED];
    const value = this.decode(object);
    if (value === undefined) return undefined;
    return {
      key: objectKey(metadata),
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
      value,
    };
  }

  private decode(object: KubeObject): T | undefined {
    try {
      return this.options.decode(object);
    } catch (error) {
      const { namespace, name } = object.metadata;
      this.options.metrics.informerUndecodable.inc({ resource: this.name });
      this.logger.warn({ err: error, namespace, name }, 'object cannot be decoded');
      return this.replacement(object, error);
    }
  }

  private replacement(object: KubeObject, cause: unknown): T | undefined {
    try {
      return this.options.undecodable?.(object, cause);
    } catch (error) {
      this.handlerFailed(error, objectKey(object.metadata));
      return undefined;
    }
  }

  private handlerFailed(error: unknown, key: string): void {
    this.options.metrics.informerHandlerErrors.inc({ resource: this.name });
    this.logger.error({ err: error, key }, 'event handler failed');
  }

  private checkSynced(): void {
    if (this.hasSynced) this.announceSynced();
  }

  private registerMetrics(): void {
    const { metrics } = this.options;
    const labels = { resource: this.name };
    metrics.informerUndecodable.inc(labels, 0);
    metrics.informerHandlerErrors.inc(labels, 0);
    metrics.informerRepairs.inc(labels, 0);
    metrics.onScrape(() => {
      metrics.informerSynced.set(labels, this.hasSynced ? 1 : 0);
      metrics.informerObjects.set(labels, this.store.size);
      metrics.informerLastEvent.set(labels, this.lastHeard / 1000);
    });
  }
}
