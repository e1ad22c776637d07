import * as dotI from '@dot-i/k8s-operator';
import type { KubeConfig, KubernetesObject } from '@kubernetes/client-node';
import { type KubeObject, parseKey } from '../objects/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { KubeClient, WriteOptions } from './client.ts';
import type { Ending, Manager } from './manager.ts';
import { Reflector } from './reflector.ts';
import { apiVersionOf, collectionPath, type ResourceType } from './resource.ts';
import type { Entry } from './store.ts';

export const { ResourceEventType } = dotI;
export type ResourceEvent = dotI.ResourceEvent;
export type ResourceMeta = dotI.ResourceMeta;

/** A CommonJS module with a default export: Node gives the module as its default, bundlers and vitest give the class. */
const Operator = ('default' in dotI.default ? dotI.default.default : dotI.default) as typeof dotI.default.default;

/** Called for every addition, change and deletion. It must only note work; its errors are logged. */
export type OnEvent = (event: ResourceEvent) => void | Promise<void>;

export interface AdoOperatorOptions {
  readonly kubeConfig: KubeConfig;
  readonly client: KubeClient;
  readonly manager: Manager;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

interface Watched {
  readonly reflector: Reflector<unknown>;
  readonly onEvent: OnEvent;
}

/**
 * The shell of the operator process: the lifecycle and the event vocabulary of `@dot-i/k8s-operator`, on the machinery of
 * this room. Declare the reflectors with `watch`, then `start`; `stop` ends it cleanly.
 * docs/decisions/0002-dot-i-operator-shell.md lists the inherited and the overridden parts, with the reasons.
 */
export class AdoOperator extends Operator {
  private readonly options: AdoOperatorOptions;
  private readonly watched: Watched[] = [];
  private readonly types = new Map<string, ResourceType>();
  private ending: Promise<Ending> | undefined;

  constructor(options: AdoOperatorOptions) {
    super(asOperatorLogger(options.logger));
    this.options = options;
    this.kubeConfig = options.kubeConfig;
  }

  /** Declares a reflector as a source of this process, and the handler of its events. Before `start`. */
  watch<T>(reflector: Reflector<T>, onEvent: OnEvent = () => undefined): void {
    this.watched.push({ reflector: reflector as Reflector<unknown>, onEvent });
  }

  /** Starts, and resolves with the reason when everything has ended. */
  async run(): Promise<Ending> {
    await this.start();
    return this.ended;
  }

  /** Resolves when everything has ended, with the reason. @throws the error that kept the manager from running */
  get ended(): Promise<Ending> {
    return this.ending ?? Promise.reject(new Error('the operator has not been started'));
  }

  /**
   * Ends the process' work in order and resolves when that is done; `ended` has the outcome. Unlike the base
   * class it never exits the process.
   */
  override async stop(): Promise<void> {
    this.options.manager.stop();
    await this.ending?.catch(() => undefined);
  }

  /** Called by the base class' `start`. */
  protected override async init(): Promise<void> {
    for (const { reflector, onEvent } of this.watched) this.attach(reflector, onEvent);
    this.ending = this.options.manager.run();
    // `ended` rejects with it; a failure before anything awaits that must not count as unhandled.
    this.ending.catch(() => undefined);
  }

  /**
   * Watches a kind with a reflector of this room, for subclasses that use the base class' own way; called before `start`
   * has finished `init`. The base class would end the process at the first error of a watch, and replay all objects
   * as added at every reconnect.
   */
  protected override async watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    const { client, logger, metrics } = this.options;
    const type: ResourceType = { group, version, plural, kind: '', namespaced: namespace !== undefined };
    const reflector = new Reflector<KubeObject>({
      client,
      type,
      logger,
      metrics,
      decode: (object) => object,
      ...(namespace !== undefined && { namespaces: [namespace] }),
    });
    this.attach(reflector, onEvent);
  }

  protected override getCustomResourceApiUri(
    group: string,
    version: string,
    plural: string,
    namespace?: string,
  ): string {
    const server = this.kubeConfig.getCurrentCluster()?.server ?? '';
    const type = { group, version, plural, kind: '', namespaced: namespace !== undefined };
    return server + collectionPath(type, namespace);
  }

  /** Replaces the status. @throws ApiError: errors are not swallowed as they are in the base class. */
  protected override async setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const type = this.typeOf(meta);
    const { name, namespace, resourceVersion, apiVersion, kind } = meta;
    const metadata = { name, resourceVersion, ...(namespace && { namespace }) };
    const object = { apiVersion, kind, metadata, status };
    return metaOf(meta, await this.options.client.replace(type, object, STATUS));
  }

  /** Merges into the status. @throws ApiError */
  protected override async patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const patch = { kind: 'merge', body: { status } } as const;
    return metaOf(meta, await this.options.client.patch(this.typeOf(meta), meta, patch, STATUS));
  }

  /** Sets the finalizers, provided that the object is still the version seen: others' finalizers are not lost. */
  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    await this.options.client.patch(this.typeOf(meta), meta, {
      kind: 'json',
      operations: [
        { op: 'test', path: '/metadata/resourceVersion', value: meta.resourceVersion },
        { op: 'add', path: '/metadata/finalizers', value: finalizers },
      ],
    });
  }

  private attach<T>(reflector: Reflector<T>, onEvent: OnEvent): void {
    const { type } = reflector;
    const apiVersion = apiVersionOf(type);
    const id = `${type.plural}.${apiVersion}`;
    this.types.set(id, type);
    const tell = (event: keyof typeof ResourceEventType, value: T, entry: Entry<T>) => {
      const { resourceVersion } = entry;
      const meta = { id, apiVersion, kind: type.kind, resourceVersion, ...nameOf(entry.key) };
      this.deliver(onEvent, { type: ResourceEventType[event], meta, object: value as KubernetesObject });
    };
    reflector.store.subscribe({
      added: (_key, value, entry) => tell('Added', value, entry),
      updated: (_key, value, _previous, entry) => tell('Modified', value, entry),
      deleted: (_key, value, entry) => tell('Deleted', value, entry),
    });
    this.options.manager.addSource(reflector);
  }

  private deliver(onEvent: OnEvent, event: ResourceEvent): void {
    // A synchronous throw is counted by the store, like that of any handler.
    onEvent(event)?.catch((error: unknown) => {
      this.options.logger.error({ err: error, id: event.meta.id, name: event.meta.name }, 'event handler failed');
    });
  }

  private typeOf(meta: ResourceMeta): ResourceType {
    const type = this.types.get(meta.id);
    if (!type) throw new Error(`${meta.id} is not watched; watch it before writing to it`);
    return { ...type, namespaced: meta.namespace !== undefined };
  }
}

const STATUS: WriteOptions = { subresource: 'status' };

function nameOf(key: string): { name: string; namespace?: string } {
  const { name, namespace } = parseKey(key);
  return namespace === undefined ? { name } : { name, namespace };
}

/** The metadata of an object after it was written. */
function metaOf(meta: ResourceMeta, object: KubeObject): ResourceMeta {
  return { ...meta, resourceVersion: object.metadata.resourceVersion ?? '' };
}

/** The base class logs varying sentences; messages here are constant, so its sentence becomes a field. */
function asOperatorLogger(logger: Logger) {
  const say = (level: 'debug' | 'info' | 'warn' | 'error') => (detail: string) =>
    logger[level]({ detail }, 'operator shell');
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
}
