import type { KubeObject } from '../../objects/index.ts';
import { Reflector } from '../reflector.ts';
import type { ReflectorOptions } from '../reflector-options.ts';
import { PODS } from '../resource.ts';
import type { Answer } from './fake-api-server.ts';
import type { FakeCollection, FakeObject } from './fake-collection.ts';
import { harness } from './set-up.ts';
import { until } from './until.ts';

type Options = Partial<ReflectorOptions<string>>;

/** A reflector of notes against a server that answers as told; disposing it checks that it ends with its signal. */
export async function reflect(answer: Answer, options: Options = {}) {
  const h = await harness(answer);
  const log: string[] = [];
  const reflector = new Reflector<string>({
    client: h.client,
    type: PODS,
    decode: (object: KubeObject) => (object as FakeObject).note,
    logger: { ...silent },
    metrics: h.metrics,
    backoff: { baseMs: 1, capMs: 8 },
    ...options,
  });
  reflector.store.subscribe({
    added: (key, value) => log.push(`+${key}:${value}`),
    updated: (key, value) => log.push(`~${key}:${value}`),
    deleted: (key, value) => log.push(`-${key}:${value}`),
    resynced: (key) => log.push(`=${key}`),
  });
  const abort = new AbortController();
  const running = reflector.run(abort.signal);
  const content = () =>
    Object.fromEntries([...reflector.store.keys()].sort().map((key) => [key, reflector.store.get(key)]));
  const holds = (collection: FakeCollection) =>
    until('the store equals the collection', () => JSON.stringify(content()) === JSON.stringify(collection.content));
  const dispose = async () => {
    abort.abort();
    await running;
    await h[Symbol.asyncDispose]();
  };
  const lists = () => h.server.requests.filter((request) => !request.url.search.includes('watch=true'));
  const watches = () => h.server.seen('watch=true');
  return { ...h, reflector, log, content, holds, lists, watches, [Symbol.asyncDispose]: dispose };
}

const nothing = () => undefined;
const silent = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silent,
};

export const isWatch = (request: { url: URL }) => request.url.searchParams.get('watch') === 'true';
