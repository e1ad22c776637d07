import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Proves, RunJournal, WorkflowRun } from '../../../api/index.ts';
import { digestText, extendJournal, type Journal, type Page } from '../../../engine/index.ts';
import { ApiError, type KubeClient } from '../../../runtime/index.ts';
import { testProofs } from '../../testing/proofs.ts';
import { readPages } from './history.ts';
import { pageName, storePage } from './pages.ts';

const { signal } = new AbortController();
const PAGES = 4;
const EVENT = JSON.stringify(['L', 1, ['x'.repeat(900)]]);
const proves = testProofs();
const run: WorkflowRun = {
  apiVersion: '',
  kind: '',
  metadata: { name: 'r', namespace: 'n', uid: 'u' },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
};

/** An API server that holds RunJournals. */
class Journals {
  readonly kept = new Map<string, RunJournal>();
  reads = 0;

  readonly client = {
    create: async (_type: unknown, object: RunJournal) => {
      const { name } = object.metadata;
      if (this.kept.has(name)) throw new ApiError(409, { reason: 'AlreadyExists', message: name });
      this.kept.set(name, JSON.parse(JSON.stringify(object)) as RunJournal);
    },
    get: async (_type: unknown, { name }: { name: string }) => {
      this.reads += 1;
      return this.kept.get(name) ?? Promise.reject(new ApiError(404, { reason: 'NotFound' }));
    },
  } as unknown as KubeClient;
}

let journals: Journals;
let journal: Journal | undefined;
let seq: number;
/** Where each page begins. */
let starts: number[];
beforeEach(() => {
  journals = new Journals();
  journal = undefined;
  seq = 0;
  starts = [];
});

/** The run as it is stored: its journal after so many more pages. */
async function written(pages: number, store: (page: Page) => Promise<unknown> = storeIt): Promise<WorkflowRun> {
  const wanted = (journal?.pages ?? 0) + pages;
  while ((journal?.pages ?? 0) < wanted) {
    const { journal: next, page } = extendJournal(journal, seq, [EVENT]);
    if (page) await store(page);
    if (page) starts.push(page.firstSeq);
    journal = store === storeOld ? { ...next, newest: undefined } : next;
    seq += 1;
  }
  return { ...run, status: { seq, ...(journal ? { journal } : {}) } };
}

const storeIt = (page: Page) => storePage({ client: journals.client, proves }, run, page, signal);
/** All that a page says, but for what only vouches for it. */
const contentOf = (page: RunJournal | undefined) =>
  JSON.stringify({ ...page?.spec, proof: undefined, digest: undefined, runRef: page?.spec.runRef.uid });
const read = (of: WorkflowRun) => readPages({ client: journals.client, proves }, of, { signal });
const nameOf = (page: number) => pageName('u', starts[page] ?? 0);

/** Makes a page again as who deletes and creates it does. */
function rewrite(name: string, change: (page: RunJournal) => void): void {
  const copy = structuredClone(journals.kept.get(name)) as RunJournal;
  change(copy);
  journals.kept.set(name, copy);
}

/** As a version of the operator wrote pages that proved nothing. */
async function storeOld(page: Page): Promise<void> {
  const { firstSeq, lastSeq, digest, events } = page;
  const spec = { runRef: { name: 'r', uid: 'u' }, firstSeq, lastSeq, digest, events };
  const metadata = { name: pageName('u', firstSeq), namespace: 'n' };
  journals.kept.set(metadata.name, { apiVersion: '', kind: '', metadata, spec });
}

describe('pages of history', () => {
  it('are read whole and in order, one request each', async () => {
    const stored = await written(PAGES);
    const { pages, unproven, damage } = await read(stored);
    expect(pages.map(({ firstSeq }) => firstSeq)).toEqual(starts);
    expect({ unproven, damage, reads: journals.reads }).toEqual({ unproven: 0, damage: undefined, reads: PAGES });
  });

  it.each([0, 1, 2, 3])('tell that page %i was deleted, and are read but for that', async (page) => {
    const stored = await written(PAGES);
    journals.kept.delete(nameOf(page));
    const { pages, damage } = await read(stored);
    const end = (starts[page + 1] ?? stored.status?.journal?.firstSeq ?? 0) - 1;
    expect(damage).toContain(`history events ${starts[page]} to ${end}, starting at RunJournal ${nameOf(page)}`);
    expect(pages.map(({ firstSeq }) => firstSeq)).toEqual(starts.filter((_start, at) => at !== page));
  });

  it('tell of all that lies between two that are damaged', async () => {
    const stored = await written(PAGES);
    journals.kept.delete(nameOf(1));
    journals.kept.delete(nameOf(2));
    const { pages, damage } = await read(stored);
    expect(damage).toContain(`history events ${starts[1]} to ${(starts[3] ?? 0) - 1}`);
    expect(pages.map(({ firstSeq }) => firstSeq)).toEqual([starts[0], starts[3]]);
  });

  it('are never believed when anything in them was changed', async () => {
    const stored = await written(PAGES);
    const genuine = new Map(structuredClone([...journals.kept]));
    const numbers = fc.nat(1000);
    const tampering = fc.oneof(
      fc.record({ field: fc.constant('events'), value: fc.string() }),
      fc.record({ field: fc.constantFrom('firstSeq', 'lastSeq'), value: numbers }),
      fc.record({ field: fc.constant('previous'), value: fc.record({ firstSeq: numbers, digest: fc.string() }) }),
      fc.record({ field: fc.constant('previous'), value: fc.constant(undefined) }),
      fc.record({
        field: fc.constant('runRef'),
        value: fc.record({ name: fc.string(), uid: fc.string().map((uid) => `not u ${uid}`) }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(PAGES - 1), tampering, fc.boolean(), async (page, { field, value }, isSloppy) => {
        const name = nameOf(page);
        rewrite(name, ({ spec }) => {
          Object.assign(spec, { [field]: value });
          // The claims are made to fit; the proof and the digests of others cannot be.
          spec.digest = digestText(spec.events);
          if (isSloppy) spec.proof = undefined;
        });
        const isChanged = contentOf(journals.kept.get(name)) !== contentOf(genuine.get(name));
        const { pages, damage } = await read(stored);
        journals.kept.set(name, structuredClone(genuine.get(name)) as RunJournal);
        fc.pre(isChanged);
        expect(damage).toBeDefined();
        expect(pages.some(({ firstSeq }) => firstSeq === starts[page])).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('are never believed when a genuine page stands under another name or is of another run', async () => {
    const stored = await written(PAGES);
    const [first, second] = [nameOf(0), nameOf(1)];
    journals.kept.set(second, structuredClone(journals.kept.get(first)) as RunJournal);
    expect((await read(stored)).damage).toContain(second);
  });

  it('of an older version are taken for what they say, and counted', async () => {
    await written(2, storeOld);
    const old = await read(await written(0));
    expect(old).toMatchObject({ unproven: 2, pages: [{}, {}] });
    expect(old.damage).toBeUndefined();
    const upgraded = await read(await written(2));
    expect(upgraded.damage).toBeUndefined();
    expect(upgraded.unproven).toBe(2);
    expect(upgraded.pages.map(({ firstSeq }) => firstSeq)).toEqual(starts);
  });

  it('of an older version must at least be what they say themselves', async () => {
    const stored = await written(2, storeOld);
    rewrite(nameOf(1), ({ spec }) => {
      spec.events = '[]';
    });
    expect((await read(stored)).damage).toContain(nameOf(1));
  });
});

describe('storing a page', () => {
  it('twice is storing it once', async () => {
    const twice = async (page: Page) => {
      await storeIt(page);
      expect(await storeIt(page)).toEqual({ isNew: false, strangers: [] });
    };
    await written(PAGES, twice);
    expect(journals.kept.size).toBe(PAGES);
  });

  it('takes another name where a stranger was there first, and reading finds it', async () => {
    const squat = (name: string) =>
      journals.kept.set(name, {
        apiVersion: '',
        kind: '',
        metadata: { name, namespace: 'n' },
        spec: { runRef: { name: 'r', uid: 'u' }, firstSeq: 1, lastSeq: 1, digest: '', events: '[]' },
      });
    const stored = await written(2, async (page) => {
      squat(pageName('u', page.firstSeq));
      expect(await storeIt(page)).toEqual({ isNew: true, strangers: [pageName('u', page.firstSeq)] });
      expect(await storeIt(page)).toEqual({ isNew: false, strangers: [pageName('u', page.firstSeq)] });
    });
    const { pages, damage } = await read(stored);
    expect(damage).toBeUndefined();
    expect(pages.map(({ firstSeq }) => firstSeq)).toEqual(starts);
  });

  it('are found also under names that follow from a key of before', async () => {
    const stored = await written(1, async (page) => {
      const name = pageName('u', page.firstSeq);
      journals.kept.set(name, {
        ...{ apiVersion: '', kind: '', metadata: { name, namespace: 'n' } },
        spec: { runRef: { name: 'r', uid: 'u' }, firstSeq: 1, lastSeq: 1, digest: '', events: '[]' },
      });
      await storeIt(page);
    });
    const newer = testProofs('a newer key');
    const rotated: Proves = {
      code: newer.code,
      proves: (code, claim) => newer.proves(code, claim) || proves.proves(code, claim),
      unguessable: (claim) => [...newer.unguessable(claim), ...proves.unguessable(claim)],
    };
    const { pages, damage } = await readPages({ client: journals.client, proves: rotated }, stored, { signal });
    expect(damage).toBeUndefined();
    expect(pages.map(({ firstSeq }) => firstSeq)).toEqual(starts);
  });

  it('cannot be kept from coming about by whoever does not have the key', async () => {
    const guesses = testProofs('another key');
    const squatted = { client: journals.client, proves: guesses };
    await written(1, async (page) => {
      await storePage(squatted, run, { ...page, events: '[]' }, signal);
      expect(await storeIt(page)).toMatchObject({ isNew: true });
    });
  });
});
