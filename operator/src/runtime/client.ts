import type { KubeObject, ObjectRef } from '../objects/index.ts';
import type { AccessTable, Verb } from './access.ts';
import type { Clock } from './clock.ts';
import { ConnectionError, FencedError } from './errors.ts';
import type { Urgency } from './in-flight.ts';
import { LineSplitter } from './lines.ts';
import { type QueryValue, queryOf } from './query.ts';
import { apiVersionOf, collectionPath, type KubeList, objectPath, type ResourceType } from './resource.ts';
import { type Numbers, parseJson } from './response.ts';
import { Silence } from './silence.ts';
import { type Method, type RawRequest, Transport, type TransportOptions } from './transport.ts';

export interface ClientOptions extends TransportOptions {
  /** Manager of the fields that writes set (default `ado-operator`). */
  readonly fieldManager?: string;
  /** When given, a call that has no row in it fails before it is sent. */
  readonly access?: AccessTable;
}

export interface CallOptions {
  /** Aborts the request; a write may have been committed all the same. */
  readonly signal?: AbortSignal | undefined;
  /** Limit of one attempt, ms (default: that of the client). */
  readonly timeoutMs?: number;
  /** Whether it may leave before others (default normal). */
  readonly urgency?: Urgency;
  readonly subresource?: string;
  /** How inexact whole numbers of the answer are read (default Rounded); they occur in kinds that Ado does not know. */
  readonly numbers?: Numbers;
}

export interface WriteOptions extends CallOptions {
  /** Everything is checked, nothing is stored. */
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /** The treatment of fields that the schema does not know (default Strict: the write fails and names them). */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
}

export interface TextOptions extends CallOptions {
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** Largest answer that is read, bytes. */
  readonly maxBytes?: number;
}

/** For writes whose answer does not matter beyond its success: it is read, but not parsed. */
export interface UnreadWriteOptions extends WriteOptions {
  readonly answer: 'Unread';
}

export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  /** The deletion fails with a conflict unless the object is still this one. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface ListQuery {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WatchQuery {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly resourceVersion: string;
  readonly timeoutSeconds?: number;
}

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** The stream ends after this long without a byte, ms. */
  readonly inactivityMs: number;
  /** Called with every line, in order. A promise holds back the next line, and in the end the server. */
  onLine(line: string): Promise<void> | undefined;
  /** Called once, when the server accepted the watch. */
  onOpen?(): void;
  /** Largest line, bytes (default 8 MiB). */
  readonly maxLineBytes?: number;
}

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

/** The three ways to change part of an object. */
export type Patch =
  | { readonly kind: 'json'; readonly operations: readonly JsonPatchOperation[] }
  | { readonly kind: 'merge'; readonly body: unknown }
  | { readonly kind: 'apply'; readonly object: unknown; readonly force?: boolean };

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;
const DEFAULT_MANAGER = 'ado-operator';
/** The API server sends the headers of a watch at once. */
const OPEN_TIMEOUT_MS = 30_000;
const MAX_LINE_BYTES = 8 * 1024 * 1024;

/** Every request of Ado to an API server. All methods throw ApiError, ConnectionError or AbortedError. */
export class KubeClient {
  private readonly transport: Transport;
  private readonly options: ClientOptions;
  private readonly mayWrite: () => boolean;
  private readonly bearer: string | undefined;

  constructor(
    options: ClientOptions,
    transport = new Transport(options),
    mayWrite: () => boolean = () => true,
    bearer?: string,
  ) {
    this.options = options;
    this.transport = transport;
    this.mayWrite = mayWrite;
    this.bearer = bearer;
  }

  get clock(): Clock {
    return this.transport.clock;
  }

  /** The same client and connections, but each write first asks `mayWrite`, and throws FencedError if it answers false. */
  fenced(mayWrite: () => boolean): KubeClient {
    return new KubeClient(this.options, this.transport, mayWrite, this.bearer);
  }

  /**
   * The same server and fence under the identity of the token: nothing of this client's own identity is sent. The API
   * server alone authorises its requests; the access table lists the operator's own rights and does not apply.
   */
  withToken(token: string): KubeClient {
    const { access: _ours, ...options } = this.options;
    return new KubeClient(options, this.transport, this.mayWrite, token);
  }

  async get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options: CallOptions = {}): Promise<T> {
    this.require('get', type, options.subresource);
    const text = await this.send('GET', objectPath(type, ref, options.subresource), options);
    return parseJson<T>(text, options.numbers);
  }

  /** Reads a response that is not an object, such as the log of a pod. */
  async getText(type: ResourceType, ref: ObjectRef, options: TextOptions): Promise<string> {
    this.require('get', type, options.subresource);
    const { query = {}, maxBytes, ...call } = options;
    const path = objectPath(type, ref, options.subresource) + queryOf(query);
    return this.send('GET', path, call, maxBytes === undefined ? {} : { maxBytes });
  }

  /** Lists one page. */
  async list<T extends KubeObject>(
    type: ResourceType,
    query: ListQuery = {},
    options: CallOptions = {},
  ): Promise<KubeList<T>> {
    this.require('list', type);
    const { namespace, ...parameters } = query;
    const path = collectionPath(type, namespace) + queryOf(parameters);
    return parseJson<KubeList<T>>(await this.send('GET', path, options));
  }

  /** Creates an object, or with a subresource and its object's name something like a TokenRequest. */
  async create(type: ResourceType, object: KubeObject, options: UnreadWriteOptions): Promise<undefined>;
  async create<T extends KubeObject>(type: ResourceType, object: KubeObject, options?: WriteOptions): Promise<T>;
  async create<T extends KubeObject>(
    type: ResourceType,
    object: KubeObject,
    options: WriteOptions | UnreadWriteOptions = {},
  ): Promise<T | undefined> {
    this.require('create', type, options.subresource);
    const path = options.subresource
      ? objectPath(type, object.metadata, options.subresource)
      : collectionPath(type, requireNamespace(type, object));
    const text = await this.write('POST', path, this.complete(type, object, options), 'application/json', options);
    return 'answer' in options ? undefined : parseJson<T>(text);
  }

  /** Replaces the whole object; a `metadata.resourceVersion` in it makes that conditional. */
  async replace<T extends KubeObject>(type: ResourceType, object: KubeObject, options: WriteOptions = {}): Promise<T> {
    this.require('update', type, options.subresource);
    const path = objectPath(type, object.metadata, options.subresource);
    return parseJson<T>(
      await this.write('PUT', path, this.complete(type, object, options), 'application/json', options),
    );
  }

  async patch(type: ResourceType, ref: ObjectRef, patch: Patch, options: UnreadWriteOptions): Promise<undefined>;
  async patch<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: Patch,
    options?: WriteOptions,
  ): Promise<T>;
  async patch<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: Patch,
    options: WriteOptions | UnreadWriteOptions = {},
  ): Promise<T | undefined> {
    this.require('patch', type, options.subresource);
    const path = objectPath(type, ref, options.subresource);
    const force = patch.kind === 'apply' ? patch.force : undefined;
    const text = await this.write('PATCH', path, patchBody(patch), PATCH_TYPES[patch.kind], options, force);
    return 'answer' in options ? undefined : parseJson<T>(text, options.numbers);
  }

  /** Deletes an object; with finalizers or a grace period it lingers after this returns. */
  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    this.require('delete', type);
    this.fence();
    const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun } = options;
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds,
      propagationPolicy,
      preconditions,
      dryRun: dryRun ? ['All'] : undefined,
    });
    const content = { body, contentType: 'application/json', guard: () => this.fence() };
    await this.send('DELETE', objectPath(type, ref), options, content);
  }

  /** Reads a path that is no resource, such as `/version`. */
  getRaw(path: string, options: CallOptions = {}): Promise<string> {
    return this.send('GET', path, options);
  }

  /** Streams a watch line by line, as ourselves. Resolves when the server ends it; throws when it is refused, broken or silent. */
  async watch(type: ResourceType, query: WatchQuery, options: WatchOptions): Promise<void> {
    this.require('watch', type);
    const { namespace, ...parameters } = query;
    const path = collectionPath(type, namespace) + queryOf({ watch: true, allowWatchBookmarks: true, ...parameters });
    const silence = new Silence(this.clock, options.inactivityMs, options.signal);
    try {
      const body = await this.transport.stream(path, silence.signal, Math.min(options.inactivityMs, OPEN_TIMEOUT_MS));
      options.onOpen?.();
      const splitter = new LineSplitter(options.maxLineBytes ?? MAX_LINE_BYTES);
      for await (const chunk of body as AsyncIterable<Buffer>) {
        silence.broken();
        for (const line of splitter.push(chunk)) {
          const pause = options.onLine(line);
          if (pause) {
            await pause;
            silence.broken();
          }
        }
      }
      if (splitter.pending > 0) throw new ConnectionError('Truncated', 'the watch ended inside an event', true);
    } catch (error) {
      throw silence.explain(error);
    } finally {
      silence.end();
    }
  }

  /** Ends all connections. */
  close(): Promise<void> {
    return this.transport.close();
  }

  private require(verb: Verb, type: ResourceType, subresource?: string): void {
    this.options.access?.require(verb, type, subresource);
  }

  private fence(): void {
    if (!this.mayWrite()) throw new FencedError('this process is not the leader any more; nothing was written');
  }

  private complete(type: ResourceType, object: KubeObject, options: WriteOptions): string {
    if (options.subresource || object.apiVersion) return JSON.stringify(object);
    return JSON.stringify({ apiVersion: apiVersionOf(type), kind: type.kind, ...object });
  }

  private async write(
    method: Method,
    path: string,
    body: string,
    contentType: string,
    options: WriteOptions,
    force?: boolean,
  ): Promise<string> {
    this.fence();
    const query = queryOf({
      fieldManager: options.fieldManager ?? this.options.fieldManager ?? DEFAULT_MANAGER,
      fieldValidation: options.fieldValidation ?? 'Strict',
      dryRun: options.dryRun ? 'All' : undefined,
      force,
    });
    return this.send(method, path + query, options, { body, contentType, guard: () => this.fence() });
  }

  private send(
    method: Method,
    path: string,
    options: CallOptions,
    content: Pick<RawRequest, 'body' | 'contentType' | 'guard' | 'maxBytes'> = {},
  ): Promise<string> {
    const { signal, timeoutMs, urgency } = options;
    return this.transport.request({
      method,
      path,
      signal,
      bearer: this.bearer,
      ...content,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(urgency && { urgency }),
    });
  }
}

function patchBody(patch: Patch): string {
  if (patch.kind === 'json') return JSON.stringify(patch.operations);
  return JSON.stringify(patch.kind === 'merge' ? patch.body : patch.object);
}

function requireNamespace(type: ResourceType, object: KubeObject): string | undefined {
  if (type.namespaced && !object.metadata.namespace) {
    throw new Error(
      `cannot create ${type.kind} "${object.metadata.name}": metadata.namespace is empty; give a namespace`,
    );
  }
  return object.metadata.namespace;
}
