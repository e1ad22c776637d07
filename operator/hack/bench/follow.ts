import type { KubeClient, KubeObject, ResourceType } from '../../src/runtime/index.ts';

const INACTIVITY_MS = 120_000;

export interface Following {
  /** Rejects when the watch breaks; never resolves. */
  readonly broken: Promise<never>;
  end(): void;
}

/**
 * Watches the objects of a kind in a namespace, from now on. A server that ends the watch, as it does with slow
 * watchers, is asked to go on where it stopped. `bytes` is the size of the object as the server sent it.
 */
export async function follow<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType,
  namespace: string,
  onObject: (object: T, bytes: number) => void,
): Promise<Following> {
  const { metadata } = await client.list<KubeObject>(type, { namespace, limit: 1 });
  const stop = new AbortController();
  const opened = Promise.withResolvers<void>();
  let position = metadata.resourceVersion ?? '';
  const onLine = (line: string) => {
    const event = JSON.parse(line) as { type: string; object: T };
    if (event.type === 'ERROR') throw new Error(`the watch of ${type.plural} broke: ${line.slice(0, 300)}`);
    position = event.object.metadata.resourceVersion ?? position;
    const bytes = Buffer.byteLength(line) - `{"type":"${event.type}","object":}`.length;
    if (event.type === 'ADDED' || event.type === 'MODIFIED') onObject(event.object, bytes);
    return undefined;
  };
  const options = { signal: stop.signal, inactivityMs: INACTIVITY_MS, onOpen: () => opened.resolve(), onLine };
  const watching = async (): Promise<never> => {
    for (;;) {
      await client.watch(type, { namespace, resourceVersion: position }, options);
      if (stop.signal.aborted) return new Promise<never>(() => undefined);
    }
  };
  const broken = watching().catch((error: unknown) => {
    if (stop.signal.aborted) return new Promise<never>(() => undefined);
    throw error;
  });
  // Whoever races against it hears of it; before that it must not end the process.
  broken.catch(() => undefined);
  await Promise.race([opened.promise, broken]);
  return { broken, end: () => stop.abort() };
}
