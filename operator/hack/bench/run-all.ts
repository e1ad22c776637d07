import type { KubeClient, KubeObject, ResourceType } from '../../src/runtime/index.ts';
import { follow } from './follow.ts';

/** Objects to create at once, and how one tells that it is over. */
export interface Batch<T extends KubeObject> {
  readonly type: ResourceType;
  readonly namespace: string;
  readonly objects: readonly KubeObject[];
  readonly timeoutMs: number;
  /** How this object ended: `Succeeded` or anything else; undefined while it goes on. */
  endOf(object: T): string | undefined;
}

export interface Ended<T> {
  /** From the first create to the last end as a watch sees it. */
  readonly seconds: number;
  /** Size of each version of each object. */
  readonly bytes: readonly number[];
  readonly ended: readonly T[];
}

/**
 * Creates objects all at once and waits until every one of them has succeeded.
 * @throws Error when one ends otherwise, when time is up, or when `broken` rejects
 */
export async function runAll<T extends KubeObject>(
  client: KubeClient,
  { type, namespace, objects, timeoutMs, endOf }: Batch<T>,
  broken: Promise<never> = new Promise<never>(() => undefined),
): Promise<Ended<T>> {
  const done = Promise.withResolvers<void>();
  const ended = new Map<string, T>();
  const bytes: number[] = [];
  const onObject = (object: T, size: number) => {
    bytes.push(size);
    const end = endOf(object);
    if (end === undefined) return;
    if (end !== 'Succeeded') done.reject(new Error(`${object.metadata.name}: ${end}`));
    ended.set(object.metadata.name, object);
    if (ended.size === objects.length) done.resolve();
  };
  const following = await follow<T>(client, type, namespace, onObject);
  const late = () =>
    done.reject(new Error(`only ${ended.size} of ${objects.length} runs ended in ${timeoutMs / 1000} s`));
  const timer = setTimeout(late, timeoutMs);
  const began = performance.now();
  for (const object of objects) client.create(type, object).catch(done.reject);
  try {
    await Promise.race([done.promise, following.broken, broken]);
  } finally {
    clearTimeout(timer);
    following.end();
  }
  return { seconds: (performance.now() - began) / 1000, bytes, ended: [...ended.values()] };
}
