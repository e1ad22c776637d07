import {
  ApiError,
  type JsonPatchOperation,
  type KubeClient,
  type KubeObject,
  type ObjectRef,
  type ResourceType,
} from '../../runtime/index.ts';

type Stored = KubeObject & Record<string, unknown>;

/** The parts of an API server that the webhook uses: objects by kind and name, versions, and JSON Patch `add`. */
export class MemoryClient {
  readonly objects = new Map<string, Stored>();
  readonly writes: string[] = [];
  /** Called before each write, to simulate a concurrent one. */
  before: () => void = () => undefined;
  #version = 0;

  /** This object as the type that the code under test expects. */
  get client(): KubeClient {
    return this as unknown as KubeClient;
  }

  put(kind: string, object: Stored): void {
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    this.objects.set(`${kind}/${object.metadata.name}`, { ...object, metadata });
  }

  async get(type: ResourceType, ref: ObjectRef): Promise<Stored> {
    const found = this.objects.get(`${type.kind}/${ref.name}`);
    if (found === undefined) throw new ApiError(404, { reason: 'NotFound' });
    return structuredClone(found);
  }

  async create(type: ResourceType, object: Stored): Promise<Stored> {
    if (type.kind === 'SelfSubjectReview') return { ...object, status: { userInfo: { username: 'operator' } } };
    this.#write('create', type, object.metadata.name);
    if (this.objects.has(`${type.kind}/${object.metadata.name}`)) throw new ApiError(409, { reason: 'AlreadyExists' });
    this.put(type.kind, object);
    return object;
  }

  async replace(type: ResourceType, object: Stored): Promise<Stored> {
    this.#write('update', type, object.metadata.name);
    const stored = await this.get(type, object.metadata);
    if (stored.metadata.resourceVersion !== object.metadata.resourceVersion) {
      throw new ApiError(409, { reason: 'Conflict' });
    }
    this.put(type.kind, object);
    return object;
  }

  async patch(
    type: ResourceType,
    ref: ObjectRef,
    { operations }: { operations: readonly JsonPatchOperation[] },
  ): Promise<void> {
    this.#write('patch', type, ref.name);
    const object = await this.get(type, ref);
    for (const operation of operations) if (operation.op === 'add') add(object, operation.path, operation.value);
    this.put(type.kind, object);
  }

  #write(verb: string, type: ResourceType, name: string): void {
    this.before();
    this.writes.push(`${verb} ${type.kind} ${name}`);
  }
}

function add(object: unknown, path: string, value: unknown): void {
  const keys = path.split('/').slice(1);
  const last = keys.pop() ?? '';
  const parent = keys.reduce((at, key) => (at as Record<string, unknown>)[key], object) as Record<string, unknown>;
  parent[last] = value;
}
