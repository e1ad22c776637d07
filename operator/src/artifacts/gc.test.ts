import { describe, expect, it } from 'vitest';
import type { ArtifactPolicy } from '../api/index.ts';
import { type Sweep, sweep } from './gc.ts';
import { ListTooLongError, type ObjectStore, once, readAll, type StoredObject } from './store.ts';

/** A store in memory. A list ends after so many objects. */
class MemoryStore implements ObjectStore {
  readonly objects = new Map<string, { readonly bytes: Buffer; readonly modifiedAt: number }>();
  listMost = Number.POSITIVE_INFINITY;

  async put(key: string, body: AsyncIterable<Uint8Array>) {
    const bytes = await readAll(body, 2 ** 20);
    this.objects.set(key, { bytes, modifiedAt: 0 });
    return { size: bytes.length, sha256: '' };
  }

  async get(key: string) {
    const found = this.objects.get(key);
    return found && once(found.bytes);
  }

  async *list(prefix: string, after = ''): AsyncGenerator<StoredObject> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    for (const [at, key] of keys.entries()) {
      if (at >= this.listMost) throw new ListTooLongError('cut off');
      const { bytes, modifiedAt } = this.objects.get(key) ?? { bytes: Buffer.alloc(0), modifiedAt: 0 };
      yield { key, size: bytes.length, modifiedAt };
    }
  }

  async delete(key: string) {
    this.objects.delete(key);
  }

  async abandon() {}
}

const NOW = 1_000_000;
const PLAN: Sweep = { namespace: 'shop', live: new Set(), asOf: NOW, skewMs: 1000, now: NOW, cluster: 'ours' };

function given() {
  const store = new MemoryStore();
  const write = (key: string, value: unknown) =>
    store.put(key, once(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))));
  return {
    store,
    write,
    /** Puts the objects of a run. */
    run: async (uid: string, policy: ArtifactPolicy | string = { keep: 'WithRun' }, tasks = 1) => {
      for (let task = 0; task < tasks; task++) await write(`shop/${uid}/task-${task}/0/out`, 'x');
      await write(`shop/${uid}/policy.json`, policy);
    },
    /** Uids of the runs of which anything is left. */
    left: () => [
      ...new Set([...store.objects.keys()].map((key) => key.split('/')[1]).filter((uid) => /^run/.test(uid ?? ''))),
    ],
    sweep: (more: Partial<Sweep> = {}) => sweep(store, { ...PLAN, ...more }),
  };
}

/** A store that this cluster has claimed. */
async function claimed() {
  const made = given();
  await made.write('shop/cluster.json', { cluster: 'ours' });
  return made;
}

describe('a sweep', () => {
  it.each([
    ['no JSON', '{"keep":'],
    ['no object', 'null'],
    ['a policy that it does not know', '{"keep":"Later"}'],
    ['a time that is none', '{"keep":"For","ms":"1h"}'],
    ['too long', JSON.stringify({ keep: 'WithRun', more: 'x'.repeat(5000) })],
  ])('leaves a run whose policy.json is %s, names it, and continues', async (_what, policy) => {
    const { run, sweep, left } = await claimed();
    await run('run-1');
    await run('run-2', policy);
    await run('run-3');
    expect(await sweep()).toMatchObject({ runs: 2, unreadable: ['run-2'], more: false });
    expect(left()).toEqual(['run-2']);
  });

  it('names few of the runs that it leaves, and leaves all of them', async () => {
    const { run, sweep, left } = await claimed();
    for (let at = 10; at < 30; at++) await run(`run-${at}`, '?');
    expect((await sweep()).unreadable).toHaveLength(5);
    expect(left()).toHaveLength(20);
  });

  it('continues where a list was cut off, until it has seen everything', async () => {
    const { store, run, sweep, left } = await claimed();
    for (let at = 0; at < 7; at++) await run(`run-${at}`, { keep: at % 3 === 0 ? 'Forever' : 'WithRun' });
    store.listMost = 5;
    const sweeps = [];
    do sweeps.push(await sweep());
    while (sweeps.at(-1)?.more && sweeps.length < 20);
    expect(sweeps.length).toBeGreaterThan(2);
    expect(left()).toEqual(['run-0', 'run-3', 'run-6']);
    expect(store.objects.has('shop/sweep.json')).toBe(false);
  });

  it('gets past runs with more objects than a list may have, whether they are kept or not', async () => {
    const { store, run, sweep, left } = await claimed();
    await run('run-1', { keep: 'Forever' }, 30);
    await run('run-2', { keep: 'WithRun' }, 30);
    await run('run-3');
    store.listMost = 7;
    for (let at = 0; at < 30; at++) await sweep();
    expect(left()).toEqual(['run-1']);
  });

  it('stops when its time is up, and the next one continues there', async () => {
    const { store, run, sweep, left } = await claimed();
    for (const uid of ['run-1', 'run-2', 'run-3']) await run(uid);
    let asked = 0;
    expect(await sweep({ isOver: () => ++asked > 2 })).toMatchObject({ runs: 2, more: true });
    expect(left()).toEqual(['run-3']);
    expect(store.objects.has('shop/sweep.json')).toBe(true);
    expect(await sweep()).toMatchObject({ runs: 1, more: false });
  });

  it('begins at the beginning where the place to continue cannot be read', async () => {
    const { write, run, sweep, left } = await claimed();
    await run('run-1');
    await write('shop/sweep.json', '{"after": "another/z"');
    await sweep();
    expect(left()).toEqual([]);
  });

  it('deletes a policy after everything that it is for', async () => {
    const { store, run, sweep } = await claimed();
    await run('run-1');
    await run('run-2');
    const deleted: string[] = [];
    store.delete = async (key) => void deleted.push(key);
    await sweep();
    expect(deleted.filter((key) => key.startsWith('shop/run-1/')).at(-1)).toBe('shop/run-1/policy.json');
  });
});

describe('the first sweep of a store', () => {
  it('marks it as the store of its cluster and deletes nothing; the next one deletes', async () => {
    const { store, run, sweep, left } = given();
    await run('run-1');
    expect(await sweep()).toMatchObject({ runs: 0, more: true });
    expect(left()).toEqual(['run-1']);
    expect(String(store.objects.get('shop/cluster.json')?.bytes)).toBe('{"cluster":"ours"}');
    expect(await sweep()).toMatchObject({ runs: 1, more: false });
  });

  it('by two clusters at once deletes nothing, and leaves the store to one of them', async () => {
    const { run, sweep, left } = given();
    await run('run-1');
    await Promise.all([sweep({ cluster: 'ours' }), sweep({ cluster: 'theirs' })]);
    expect(left()).toEqual(['run-1']);
    const next = await Promise.allSettled([sweep({ cluster: 'ours' }), sweep({ cluster: 'theirs' })]);
    expect(next.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('is like any other where the cluster is not known', async () => {
    const { store, run, sweep } = given();
    await run('run-1');
    expect(await sweep({ cluster: undefined })).toMatchObject({ runs: 1 });
    expect(store.objects.size).toBe(0);
  });
});

describe('a store of another cluster', () => {
  it.each([
    [
      'names it',
      { cluster: 'theirs' },
      /shop\/cluster\.json in it names cluster theirs, and this is cluster ours; give each/,
    ],
    ['cannot be read', '{', /names no cluster, and this is cluster ours/],
  ])('is not swept when its mark %s', async (_what, mark, message) => {
    const { write, run, sweep, left } = given();
    await run('run-1');
    await write('shop/cluster.json', mark);
    await expect(sweep()).rejects.toThrow(message);
    expect(left()).toEqual(['run-1']);
  });

  it('does not keep the namespaces of this one from being swept', async () => {
    const { write, run, sweep } = await claimed();
    await run('run-1');
    await write('other/cluster.json', { cluster: 'theirs' });
    expect(await sweep()).toMatchObject({ runs: 1 });
  });
});
