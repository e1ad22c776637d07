import { beforeEach, describe, expect, it } from 'vitest';
import { encodeEvent, type RunJournal, type WorkflowRun } from '../../../api/index.ts';
import { extendJournal, type Journal, nextPage, type Wanted } from '../../../engine/index.ts';
import { ApiError, type KubeClient } from '../../../runtime/index.ts';
import { testProofs } from '../../testing/proofs.ts';
import { PageCache } from '../page-cache.ts';
import { pageName, storePage } from './pages.ts';
import { givenOf } from './placed-outputs.ts';

const { signal } = new AbortController();
const proves = testProofs();
const RUN: WorkflowRun = {
  apiVersion: '',
  kind: '',
  metadata: { name: 'r', namespace: 'n', uid: 'u' },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
};
const ITEMS = 60;
const outputFor = (item: number) => ({ v: `${item}-${'x'.repeat(500)}` });

let kept: Map<string, RunJournal>;
let reads: number;
let failure: Error | undefined;
let pages: PageCache;
let run: WorkflowRun;
let wanted: Wanted;
const client = {
  create: async (_type: unknown, object: RunJournal) => {
    kept.set(object.metadata.name, structuredClone(object));
  },
  get: async (_type: unknown, { name }: { name: string }) => {
    reads += 1;
    if (failure) throw failure;
    return kept.get(name) ?? Promise.reject(new ApiError(404, { reason: 'NotFound' }));
  },
} as unknown as KubeClient;

/** A run in which each item of `each` has handed on something, and something else has after it. */
beforeEach(async () => {
  kept = new Map();
  reads = 0;
  failure = undefined;
  pages = new PageCache();
  let journal: Journal | undefined;
  const places = new Set<number>();
  let seq = 0;
  for (let item = 0; item < ITEMS; item++) {
    const page = nextPage(journal, seq);
    places.add(page);
    const of = (path: string) => encodeEvent({ type: 'Succeeded', t: item, path, outputs: outputFor(item), page });
    const encoded = [of(`each[${item}]`), of(`each[${item}]/inner`), of(`each-other[${item}]`)];
    const next = extendJournal(journal, seq, encoded);
    journal = next.journal;
    if (next.page) await storePage({ client, proves }, RUN, next.page, signal);
    seq += encoded.length;
  }
  run = { ...RUN, status: { seq, ...(journal ? { journal } : {}) } };
  wanted = { path: 'each', count: ITEMS, bytes: 0, pages: [...places] };
});

const given = () => givenOf({ client, proves, memories: { pages } }, run, wanted, { signal });
const nameOf = (page: number) => pageName('u', wanted.pages[page] ?? 0);

describe('outputs by their place', () => {
  it('are those of the items of the task, from the pages and from the tail', async () => {
    const expected = Array.from({ length: ITEMS }, (_, item) => [`each[${item}]`, outputFor(item)]);
    expect(wanted.pages.length).toBeGreaterThan(3);
    expect(wanted.pages).toContain(run.status?.journal?.firstSeq);
    expect(await given()).toEqual({ outputs: new Map(expected as [string, object][]) });
  });

  it('are those of the page alone that is wanted', async () => {
    wanted = { ...wanted, pages: wanted.pages.slice(1, 2) };
    const found = await given();
    expect('outputs' in found && found.outputs.size).toBeGreaterThan(0);
    expect(reads).toBe(1);
  });

  it('are read once by a process, however often a task reads them', async () => {
    await given();
    const first = reads;
    await given();
    expect(first).toBe(wanted.pages.length - 1);
    expect(reads).toBe(first);
  });

  it.each([
    ['deleted', () => kept.delete(nameOf(1))],
    ['changed', () => forge((page) => ({ ...page, events: page.events.replace('xx', 'yy') }))],
    ['made by somebody else', () => forge((page) => ({ ...page, proof: 'none', digest: '' }), '[]')],
  ])('are damage when a page was %s, and its name is told', async (_how, spoil) => {
    spoil();
    expect(await given()).toEqual({ damage: expect.stringContaining(`the RunJournal ${nameOf(1)} was`) });
  });

  it('are read by the chain of pages where the key of their proof is gone', async () => {
    const rotated = { ...testProofs('another key'), unguessable: proves.unguessable };
    const found = await givenOf({ client, proves: rotated, memories: { pages } }, run, wanted, { signal });
    expect('outputs' in found && found.outputs.size).toBe(ITEMS);
  });

  it('are no damage when the API server cannot be asked: that is thrown, and tried again', async () => {
    failure = new ApiError(503, { reason: 'ServiceUnavailable' });
    await expect(given()).rejects.toThrow();
  });
});

function forge(change: (page: RunJournal['spec']) => RunJournal['spec'], events?: string): void {
  const page = structuredClone(kept.get(nameOf(1))) as RunJournal;
  page.spec = change(page.spec);
  if (events !== undefined) page.spec.events = events;
  kept.set(nameOf(1), page);
}

describe('remembered pages', () => {
  it('are as many as fit, and what was not used for longest is forgotten first', () => {
    const cache = new PageCache(30);
    for (const name of ['a', 'b', 'c']) cache.set(name, new Map(), 10);
    cache.get('a');
    cache.set('d', new Map(), 10);
    expect(['a', 'b', 'c', 'd'].filter((name) => cache.get(name))).toEqual(['a', 'c', 'd']);
    cache.set('e', new Map(), 31);
    expect(['a', 'c', 'd', 'e'].filter((name) => cache.get(name))).toEqual([]);
  });
});
