import type { Holder, Semaphore, SemaphoreSpec } from '../../../api/index.ts';
import {
  ApiError,
  ConnectionError,
  type JsonPatchOperation,
  type KubeClient,
  realClock,
  Store,
} from '../../../runtime/index.ts';
import type { Refusal } from '../../executor.ts';
import { holderKey, readHolders } from '../holder.ts';
import { Ledger } from '../ledger.ts';
import { itemOf } from '../order.ts';

type Wants = Readonly<Record<string, number>>;
/** Where an attempt is: it asks, its pod runs, its pod has ended before the state knew of it, it is over. */
interface Attempt {
  readonly attempt: number;
  readonly wants: Wants;
  phase: 'Asking' | 'Running' | 'Ended' | 'Over';
  served: boolean;
  /** Whether the state knows that it was started. Of items it does so only in their order. */
  recorded: boolean;
}
const RESOURCE = { group: 'g', version: 'v', plural: 'semaphores', kind: 'Semaphore', namespaced: true };

/** `a` is the one task of the run a, `f[2]` an item of the one fan-out of the run f. */
const runOf = (name: string): string => itemOf(name)?.of ?? name;
const pathOf = (name: string): string => `t${name.slice(runOf(name).length)}`;

/** A server with Semaphores, runs of one task each, and a ledger that can be killed at any time. */
export class World {
  readonly problems: string[] = [];
  woken: string[] = [];
  writes = 0;
  readonly #objects = new Map<string, Semaphore>();
  readonly #store = new Store<Semaphore>();
  readonly #attempts = new Map<string, Attempt>();
  readonly #faults: ('before' | 'after' | 'stale')[] = [];
  #ledger: Ledger;
  #life = 0;
  #version = 0;
  #now = 1_000_000_000;

  constructor(semaphores: Readonly<Record<string, SemaphoreSpec>>) {
    for (const [name, spec] of Object.entries(semaphores)) this.create(name, spec);
    this.#ledger = this.#begin();
  }

  create(name: string, spec: SemaphoreSpec): void {
    const uid = `uid-${++this.#version}`;
    const metadata = { name, namespace: 'n', uid, resourceVersion: uid, generation: 1 };
    this.#put({ apiVersion: '', kind: '', metadata, spec });
  }

  remove(name: string): void {
    this.#objects.delete(name);
    this.#store.remove(`n/${name}`);
  }

  /** How much the ledger remembers. */
  get remembered(): number {
    return this.#ledger.size;
  }

  object(name: string): Semaphore | undefined {
    return this.#objects.get(name);
  }

  /** Who holds a semaphore by its status. */
  holders(name: string): string[] {
    return readHolders(this.object(name)?.status ?? {}).map(holderKey);
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  fault(how: 'before' | 'after' | 'stale'): void {
    this.#faults.push(how);
  }

  healthy(): void {
    this.#faults.length = 0;
  }

  /** Another process takes over; what the old one still does reaches the server, and nobody hears the answer. */
  crash(): void {
    this.#life++;
    this.#ledger = this.#begin();
  }

  /** An attempt asks, and its pod is created when it may. */
  async ask(name: string, wants: Wants): Promise<Refusal | undefined> {
    const attempt = this.#attemptOf(name, wants);
    const life = this.#life;
    const answer = await this.#ledger.ask(
      this.#run(name),
      { path: pathOf(name), attempt: attempt.attempt },
      this.#permits(wants),
    );
    if (answer || life !== this.#life || attempt.phase === 'Over') return answer;
    attempt.recorded ||= this.#isRecordable(name);
    if (attempt.phase === 'Asking') attempt.phase = 'Running';
    else if (attempt.phase === 'Ended' && attempt.recorded) attempt.phase = 'Over';
    attempt.served = true;
    this.#check();
    return undefined;
  }

  /** An attempt asks, and the process dies before its pod is created. */
  async take(name: string, wants: Wants): Promise<void> {
    const { attempt } = this.#attemptOf(name, wants);
    await this.#ledger.ask(this.#run(name), { path: pathOf(name), attempt }, this.#permits(wants));
  }

  async tryAsk(name: string, wants: Wants): Promise<void> {
    const { phase, recorded } = this.#attemptOf(name, wants);
    if (phase !== 'Over' && !recorded) await this.ask(name, wants).catch(() => undefined);
  }

  async tryTake(name: string, wants: Wants): Promise<void> {
    if (this.#attemptOf(name, wants).phase === 'Asking') await this.take(name, wants).catch(() => undefined);
  }

  over(name: string): void {
    const attempt = this.#attempts.get(name);
    if (attempt?.phase === 'Running') attempt.phase = attempt.recorded ? 'Over' : 'Ended';
  }

  /** The run is stopped, whatever its attempt does. */
  terminate(name: string): void {
    const attempt = this.#attempts.get(name);
    if (attempt) Object.assign(attempt, { phase: 'Over', served: true, recorded: true });
  }

  /** The attempt is over, and the next one of its task is due. */
  fail(name: string): void {
    const before = this.#attempts.get(name);
    if (before?.phase !== 'Running' || !before.recorded) return;
    const next = { attempt: before.attempt + 1, phase: 'Asking', served: false, recorded: false } as const;
    this.#attempts.set(name, { ...before, ...next });
  }

  async end(name: string): Promise<void> {
    this.over(name);
    await this.settleAll();
  }

  endOldest(): void {
    for (const name of this.#attempts.keys()) this.over(name);
  }

  /** Milliseconds until the semaphore has to be looked at again. */
  settle(name: string): Promise<number | undefined> {
    return this.#ledger.settle(`n/${name}`);
  }

  async settleAll(): Promise<void> {
    for (const name of this.#objects.keys()) await this.settle(name).catch(() => undefined);
  }

  isQuiet(): boolean {
    return [...this.#attempts.values()].every(({ phase }) => phase === 'Over');
  }

  unserved(): string[] {
    return [...this.#attempts].flatMap(([name, { served }]) => (served ? [] : [name]));
  }

  #begin(): Ledger {
    this.woken = [];
    return new Ledger({
      client: { get: this.#get, patch: this.#patch } as unknown as KubeClient,
      resource: RESOURCE,
      semaphores: this.#store,
      clock: { ...realClock, now: () => this.#now, monotonic: () => this.#now },
      holderState: (_namespace, holder) => this.#holderState(holder),
      mayStart: (_namespace, run) =>
        [...this.#attempts].some(([name, { phase }]) => runOf(name) === run && phase !== 'Over'),
      priorityOf: () => 0,
      wake: (key) => void this.woken.push(key),
      settleSoon: () => undefined,
    });
  }

  #holderState({ run, path, attempt }: Holder): 'Held' | 'Free' | 'Unstarted' {
    const known = this.#attempts.get(`${run}${path.slice(1)}`);
    if (!known || known.attempt > attempt || known.phase === 'Over') return 'Free';
    return known.phase === 'Running' ? 'Held' : 'Unstarted';
  }

  /** The items below it have begun. */
  #isRecordable(name: string): boolean {
    const item = itemOf(name);
    if (!item) return true;
    return Array.from({ length: item.index }, (_, index) => this.#attempts.get(`${item.of}[${index}]`)).every(
      (other) => other && (other.recorded || other.attempt > 0),
    );
  }

  #attemptOf(name: string, wants: Wants): Attempt {
    const attempt = this.#attempts.get(name) ?? { attempt: 0, wants, phase: 'Asking', served: false, recorded: false };
    this.#attempts.set(name, attempt);
    return attempt;
  }

  #run(name: string) {
    return { name: runOf(name), namespace: 'n', uid: runOf(name), workflow: 'w' };
  }

  #permits(wants: Wants) {
    return Object.entries(wants).map(([semaphore, permits]) => ({ semaphore, permits, share: '' }));
  }

  readonly #get = async (_type: unknown, { name }: { name: string }): Promise<Semaphore> => {
    await new Promise((resolve) => setImmediate(resolve));
    const object = this.#objects.get(name);
    if (!object) throw new ApiError(404, { reason: 'NotFound' });
    return structuredClone(object);
  };

  readonly #patch = async (_type: unknown, { name }: { name: string }, patch: unknown): Promise<Semaphore> => {
    await new Promise((resolve) => setImmediate(resolve));
    const fault = this.#faults.shift();
    if (fault === 'stale') throw new ApiError(422, { reason: 'Invalid' });
    if (fault === 'before') throw new ConnectionError('ECONNRESET', 'broken', true);
    const made = this.#apply(name, (patch as { operations: JsonPatchOperation[] }).operations);
    if (fault === 'after') throw new ConnectionError('ECONNRESET', 'broken', true);
    return structuredClone(made);
  };

  #apply(name: string, operations: readonly JsonPatchOperation[]): Semaphore {
    const object = this.#objects.get(name);
    if (!object) throw new ApiError(404, { reason: 'NotFound' });
    let { status } = object;
    for (const operation of operations) {
      if (operation.op === 'add') status = operation.value as NonNullable<Semaphore['status']>;
      if (operation.op === 'test' && operation.value !== valueAt(object, operation.path)) {
        throw new ApiError(422, { reason: 'Invalid' });
      }
    }
    this.writes++;
    const metadata = { ...object.metadata, resourceVersion: `v${++this.#version}` };
    const made: Semaphore = { ...object, metadata, ...(status ? { status: structuredClone(status) } : {}) };
    this.#put(made);
    this.#check();
    return made;
  }

  #put(value: Semaphore): void {
    const { name, uid = '', resourceVersion = '' } = value.metadata;
    this.#objects.set(name, value);
    this.#store.put({ key: `n/${name}`, uid, resourceVersion, value });
  }

  /** What must hold at all times: no more is held than there is, and nothing runs that does not hold. */
  #check(): void {
    for (const [name, { spec, status }] of this.#objects) {
      const holders = readHolders(status ?? {});
      const held = holders.reduce((sum, { permits }) => sum + permits, 0);
      if (held > spec.permits) this.problems.push(`${held} of ${spec.permits} permits of ${name} are held`);
      const keys = new Set(holders.map(holderKey));
      for (const [run, { attempt, phase, wants }] of this.#attempts) {
        if (phase !== 'Running' || !wants[name]) continue;
        if (!keys.has(`${runOf(run)}/${pathOf(run)}#${attempt}`))
          this.problems.push(`${run} runs without holding ${name}`);
      }
    }
  }
}

function valueAt(object: Semaphore, path: string): unknown {
  if (path === '/status/seq') return object.status?.seq;
  return path === '/metadata/uid' ? object.metadata.uid : object.metadata.resourceVersion;
}
