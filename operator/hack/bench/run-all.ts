import type { KubeClient, KubeObject, ResourceType } from '../../src/runtime/index.ts';
import { follow } from './follow.ts';

/** Objects by their names, and how one tells that what is waited for has come of them. */
export interface Wanted<T extends KubeObject> {
  readonly type: ResourceType;
  readonly namespace: string;
  readonly names: ReadonlySet<string>;
  readonly timeoutMs: number;
  /** `Succeeded` when an object is as wanted; undefined while it may still become so; anything else when it never will. */
  endOf(object: T): string | undefined;
}

/** The same for objects that are still to be created. */
export interface Batch<T extends KubeObject> extends Omit<Wanted<T>, 'names'> {
  readonly objects: readonly KubeObject[];
}

export interface Ended<T> {
  /** From the beginning to the last end as a watch sees it. */
  readonly seconds: number;
  /** Size of each version of each object. */
  readonly bytes: readonly number[];
  readonly ended: readonly T[];
}

const never = () => new Promise<never>(() => undefined);

/**
 * Creates objects all at once and waits until every one of them has succeeded.
 * @throws Error when one ends otherwise, when time is up, or when `broken` rejects
 */
export function runAll<T extends KubeObject>(
  client: KubeClient,
  { objects, ...wanted }: Batch<T>,
  broken: Promise<never> = never(),
): Promise<Ended<T>> {
  const names = new Set(objects.map(({ metadata }) => metadata.name));
  const create = () => Promise.all(objects.map((object) => client.create(wanted.type, object)));
  return settle(client, { ...wanted, names }, create, broken);
}

/**
 * Begins something and waits until every object is seen to have become what is wanted. Only changes after the beginning
 * are seen.
 * @throws Error as `runAll`, or when the beginning fails
 */
export async function settle<T extends KubeObject>(
  client: KubeClient,
  { type, namespace, names, timeoutMs, endOf }: Wanted<T>,
  begin: () => Promise<unknown>,
  broken: Promise<never> = never(),
): Promise<Ended<T>> {
  const done = Promise.withResolvers<void>();
  const ended = new Map<string, T>();
  const bytes: number[] = [];
  const onObject = (object: T, size: number) => {
    const { name } = object.metadata;
    if (!names.has(name)) return;
    bytes.push(size);
    const end = endOf(object);
    if (end === undefined) return;
    if (end !== 'Succeeded') done.reject(new Error(`${name}: ${end}`));
    ended.set(name, object);
    if (ended.size === names.size) done.resolve();
  };
  const following = await follow<T>(client, type, namespace, onObject);
  const late = () => done.reject(new Error(`only ${ended.size} of ${names.size} runs ended in ${timeoutMs / 1000} s`));
  const timer = setTimeout(late, timeoutMs);
  const began = performance.now();
  begin().catch(done.reject);
  try {
    await Promise.race([done.promise, following.broken, broken]);
  } finally {
    clearTimeout(timer);
    following.end();
  }
  return { seconds: (performance.now() - began) / 1000, bytes, ended: [...ended.values()] };
}
