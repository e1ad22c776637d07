import { objectKey } from '../../api/index.ts';
import {
  ApiError,
  type Clock,
  type KubeClient,
  type KubeObject,
  type ObjectRef,
  realClock,
} from '../../runtime/index.ts';

export interface Call {
  readonly verb: 'get' | 'create' | 'patch' | 'delete';
  readonly name: string;
  readonly body?: unknown;
  /** Who owns the fields from then on. */
  readonly manager?: string;
  /** How whole numbers of the answer are read. */
  readonly numbers?: string;
  /** The token with which it was asked; ours: none. */
  readonly as?: string;
}

/** Objects by name behind the methods of a client that executors use. What it lacks a real API server must show. */
export class FakeObjects {
  readonly objects = new Map<string, KubeObject>();
  readonly calls: Call[] = [];
  /** Answers of the next creates and patches, in place of doing them. */
  readonly refusals: Error[] = [];
  /** Paths that are no resources, and what is there. */
  readonly raw = new Map<string, unknown>();
  readonly clock: Clock = realClock;
  private as: string | undefined;

  get client(): KubeClient {
    return this as unknown as KubeClient;
  }

  /** The same objects, asked for with a token; calls are noted in one list. */
  withToken(token: string): KubeClient {
    const other = Object.create(this) as FakeObjects;
    other.as = token;
    return other.client;
  }

  async getRaw(path: string): Promise<string> {
    if (!this.raw.has(path)) throw new ApiError(404, { reason: 'NotFound' });
    return JSON.stringify(this.raw.get(path));
  }

  async get(_type: unknown, ref: ObjectRef, { numbers }: { numbers?: string } = {}): Promise<KubeObject> {
    this.note({ verb: 'get', name: ref.name, ...(numbers === undefined ? {} : { numbers }) });
    const found = this.objects.get(objectKey(ref));
    if (!found) throw new ApiError(404, { reason: 'NotFound', message: `"${ref.name}" not found` });
    return found;
  }

  async create(_type: unknown, object: KubeObject): Promise<KubeObject> {
    this.note({ verb: 'create', name: object.metadata.name, body: object });
    this.refuse();
    if (object.kind === 'TokenRequest') return tokenOf(object);
    const key = objectKey(object.metadata);
    if (this.objects.has(key)) throw new ApiError(409, { reason: 'AlreadyExists', message: 'already exists' });
    const made = { ...object, metadata: { uid: `uid-of-${object.metadata.name}`, ...object.metadata } };
    this.objects.set(key, made);
    return made;
  }

  /** An apply becomes the object; other patches are only noted. */
  async patch(
    _type: unknown,
    ref: ObjectRef,
    patch: { kind: string; object?: unknown },
    { fieldManager, numbers }: { fieldManager?: string; numbers?: string } = {},
  ): Promise<KubeObject> {
    const manager = fieldManager === undefined ? {} : { manager: fieldManager };
    const asWritten = numbers === undefined ? {} : { numbers };
    this.note({ verb: 'patch', name: ref.name, body: patch, ...manager, ...asWritten });
    this.refuse();
    const known = this.objects.get(objectKey(ref)) ?? {
      metadata: { ...ref, name: ref.name, uid: `uid-of-${ref.name}` },
    };
    const applied = patch.object as KubeObject | undefined;
    const next = applied ? { ...known, ...applied, metadata: { ...known.metadata, ...applied.metadata } } : known;
    this.objects.set(objectKey(ref), next as KubeObject);
    return next as KubeObject;
  }

  async delete(_type: unknown, ref: ObjectRef): Promise<void> {
    this.note({ verb: 'delete', name: ref.name });
    if (!this.objects.delete(objectKey(ref))) throw new ApiError(404, { reason: 'NotFound' });
  }

  /** Names of the objects on which a verb was used. */
  on(verb: Call['verb']): string[] {
    return this.calls.filter((call) => call.verb === verb).map(({ name }) => name);
  }

  private note(call: Call): void {
    this.calls.push(this.as === undefined ? call : { ...call, as: this.as });
  }

  private refuse(): void {
    const refusal = this.refusals.shift();
    if (refusal) throw refusal;
  }
}

/** A token that names its service account. */
function tokenOf({ metadata }: KubeObject): KubeObject {
  const expirationTimestamp = new Date(Date.UTC(2036, 0, 1)).toISOString();
  return { metadata, status: { token: `of-${metadata.name}`, expirationTimestamp } } as KubeObject;
}

/** A clock that a test moves; its timers are real. */
export function movableClock(): Clock & { move(ms: number): void } {
  let moved = 0;
  return {
    ...realClock,
    now: () => Date.UTC(2026, 0, 1) + moved,
    monotonic: () => moved,
    move: (ms) => {
      moved += ms;
    },
  };
}
