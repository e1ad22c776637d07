import { describe, expect, it } from 'vitest';
import { ApiError, type KubeClient } from '../../runtime/index.ts';
import { movableClock } from '../testing/fake-objects.ts';
import { PROVING } from '../testing/proving.ts';
import { CacheSweep, SWEEP_AFTER_MS } from './cache-sweep.ts';
import { type CacheMap, nameOfEntry, pendingEntry } from './entry.ts';

const { signal } = new AbortController();
const holder = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };

/** A namespace with pages of entries that nobody needs, and what is asked of its server. */
function world(pages: number, refusal?: ApiError) {
  const clock = movableClock();
  const requests: { readonly verb: string; readonly urgency?: string; readonly signal?: AbortSignal }[] = [];
  const waste = (page: number): CacheMap =>
    pendingEntry(PROVING, holder, { path: 'a', attempt: 0 }, { digest: `${page}`.repeat(16), maxAgeMs: 1, now: 0 });
  const client = {
    list: async (_type: unknown, query: { continue?: string }, options: object) => {
      requests.push({ verb: 'list', ...options });
      if (refusal) throw refusal;
      const page = Number(query.continue ?? 0);
      return { items: [waste(page)], metadata: page + 1 < pages ? { continue: String(page + 1) } : {} };
    },
    delete: async (_type: unknown, { name }: { name: string }, options: object) =>
      void requests.push({ verb: `delete ${name}`, ...options }),
  } as unknown as KubeClient;
  const sweep = new CacheSweep({ client, clock, proves: PROVING, holderState: () => 'Free' });
  return { sweep, clock, requests, due: () => clock.move(SWEEP_AFTER_MS) };
}

describe('a sweep of cached results', () => {
  it('starts with the first result that a process stores, and ten minutes after later ones', async () => {
    const { sweep, requests, due } = world(1);
    expect(sweep.noteStored('n')).toBe(0);
    expect(sweep.noteStored('n')).toBeUndefined();
    expect(await sweep.sweep('n', signal)).toEqual({});
    expect(requests.map(({ verb }) => verb)).toEqual(['list', `delete ${nameOfEntry('0'.repeat(16))}`]);
    expect(sweep.noteStored('n')).toBe(SWEEP_AFTER_MS);
    expect(await sweep.sweep('n', signal)).toEqual({ requeueAfter: SWEEP_AFTER_MS });
    due();
    expect(await sweep.sweep('n', signal)).toEqual({});
    expect(requests).toHaveLength(4);
  });

  it('takes one page at a time and four in all, after all other requests, and can be given up', async () => {
    const { sweep, requests, due } = world(9);
    sweep.noteStored('n');
    due();
    const results = [];
    for (let turn = 0; turn < 5; turn++) results.push(await sweep.sweep('n', signal));
    expect(results).toEqual([{ requeue: true }, { requeue: true }, { requeue: true }, {}, {}]);
    expect(requests).toHaveLength(8);
    expect(requests.every((request) => request.urgency === 'background' && request.signal === signal)).toBe(true);
  });

  it.each([
    ['may not be read', new ApiError(403, { reason: 'Forbidden' })],
    ['changed too much', new ApiError(410, { reason: 'Expired' })],
  ])('is given up where the entries %s', async (_what, refusal) => {
    const { sweep, due } = world(1, refusal);
    sweep.noteStored('n');
    due();
    expect(await sweep.sweep('n', signal)).toEqual({});
  });

  it('remembers nothing of namespaces that were swept', async () => {
    const { sweep, due } = world(1);
    for (let index = 0; index < 50; index++) sweep.noteStored(`n${index}`);
    due();
    for (let index = 0; index < 50; index++) await sweep.sweep(`n${index}`, signal);
    expect(sweep.size).toBe(0);
  });
});
