import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outputs, RenderedTask } from '../api/index.ts';
import { ApiError, type KubeClient, realClock } from '../runtime/index.ts';
import { CacheSweep, type CacheSweepOptions } from './cache/cache-sweep.ts';
import type { CacheMap } from './cache/entry.ts';
import { CacheExecutor, type CachePolicy } from './cache-executor.ts';
import type { Executor, LiveAttempt, RunContext, StartRequest } from './executor.ts';
import type { HolderState } from './permits/ledger.ts';
import { PROVING } from './testing/proving.ts';

const HOUR = 3_600_000;

type Made = Pick<StartRequest, 'task' | 'defaults' | 'rendered'>;
const POD: RenderedTask = { backend: 'Pod', image: 'i', env: { A: '1' }, command: undefined, args: [], script: 's' };
const MADE: Made = { task: { name: 't', run: 's' }, defaults: { image: 'i' }, rendered: POD };

/** A server with ConfigMaps, an executor that runs everything at once, and runs whose attempts have a standing. */
class World {
  readonly started: string[] = [];
  readonly woken: string[] = [];
  readonly maps = new Map<string, CacheMap>();
  readonly standings = new Map<string, HolderState>();
  readonly policies = new Map<string, CachePolicy>();
  now = 1_000_000_000;
  refuses: ApiError | undefined;
  executor: CacheExecutor;
  #sweep!: CacheSweep;
  #version = 0;

  constructor() {
    this.executor = this.begin();
  }

  begin(): CacheExecutor {
    const inner = {
      start: async ({ name }: RunContext) => void this.started.push(name),
      observe: async () => ({ seen: [] }),
    };
    const client = {
      get: this.#get,
      create: this.#create,
      replace: this.#replace,
      delete: this.#delete,
      list: this.#list,
    };
    const shared: CacheSweepOptions = {
      client: client as unknown as KubeClient,
      clock: { ...realClock, now: () => this.now, monotonic: () => this.now },
      proves: PROVING,
      holderState: (_namespace, { run }) => this.standings.get(run) ?? 'Held',
    };
    this.#sweep = new CacheSweep(shared);
    return new CacheExecutor(inner as unknown as Executor, {
      ...shared,
      policyOf: ({ name }) => this.policies.get(name) ?? 'Use',
      wake: (key) => void this.woken.push(key),
      stored: (namespace) => void this.#sweep.noteStored(namespace),
    });
  }

  /** Sweeps when it is time to, which a sweep itself says. */
  async sweep(): Promise<void> {
    const { signal } = new AbortController();
    const { requeueAfter = 0 } = await this.#sweep.sweep('n', signal);
    this.now += requeueAfter;
    await this.#sweep.sweep('n', signal);
  }

  start(name: string, { key = 'k', maxAgeMs = HOUR, attempt = 0, made = MADE } = {}) {
    const request = { path: 't', attempt, ...made, claims: { cache: { key, maxAgeMs } } };
    return this.executor.start(runOf(name), request);
  }

  succeeded(name: string, outputs: Outputs = { digest: 'abc' }): Promise<void> {
    return this.executor.recorded(runOf(name), [{ type: 'Succeeded', t: 1, path: 't', outputs }]);
  }

  failed(name: string): Promise<void> {
    const failure = { reason: 'ExitCode', message: '' };
    return this.executor.recorded(runOf(name), [{ type: 'Failed', t: 1, path: 't', failure }]);
  }

  readonly #get = async (_type: unknown, { name }: { name: string }): Promise<CacheMap> => {
    const map = this.maps.get(name);
    if (!map) throw new ApiError(404, { reason: 'NotFound' });
    return structuredClone(map);
  };

  readonly #create = async (_type: unknown, map: CacheMap): Promise<void> => {
    if (this.refuses) throw this.refuses;
    if (this.maps.has(map.metadata.name)) throw new ApiError(409, { reason: 'AlreadyExists' });
    this.#put(map);
  };

  readonly #replace = async (_type: unknown, map: CacheMap): Promise<void> => {
    const stored = this.maps.get(map.metadata.name);
    if (this.refuses) throw this.refuses;
    if (stored?.metadata.resourceVersion !== map.metadata.resourceVersion)
      throw new ApiError(409, { reason: 'Conflict' });
    this.#put(map);
  };

  readonly #delete = async (_type: unknown, { name }: { name: string }): Promise<void> => void this.maps.delete(name);

  readonly #list = async (_type: unknown, { labelSelector }: { labelSelector: string }) => {
    const uid = labelSelector.split('run-uid=')[1];
    const items = [...this.maps.values()].filter(
      ({ metadata }) => uid === undefined || metadata.labels?.['flow.ado.dev/run-uid'] === uid,
    );
    return { items, metadata: {} };
  };

  #put(map: CacheMap): void {
    const metadata = { ...map.metadata, uid: 'u', resourceVersion: String(++this.#version) };
    this.maps.set(map.metadata.name, structuredClone({ ...map, metadata }));
  }
}

const runOf = (name: string): RunContext => ({ name, namespace: 'n', uid: `${name}-uid`, workflow: 'w' });

describe('an attempt with a cache', () => {
  it('is computed again where an earlier version stored it without an output that the task declares', async () => {
    const world = new World();
    const made: Made = { ...MADE, task: { ...MADE.task, outputs: [{ name: 'digest' }, { name: 'url' }] } };
    await world.start('a', { made });
    await world.succeeded('a');
    expect(await world.start('b', { made })).toBeUndefined();
    await world.succeeded('b', { digest: 'abc', url: 'u' });
    expect(await world.start('c', { made })).toMatchObject({ phase: 'Hit', from: 'b/t' });
    expect(world.started).toEqual(['a', 'b']);
  });

  it('computes what nobody has, and the next takes it without being started', async () => {
    const world = new World();
    expect(await world.start('a')).toBeUndefined();
    await world.succeeded('a');
    expect(await world.start('b')).toEqual({ phase: 'Hit', outputs: { digest: 'abc' }, from: 'a/t' });
    expect(world.started).toEqual(['a']);
  });

  it.each<[string, Made]>([
    ['script', { ...MADE, rendered: { ...POD, script: 'other' } }],
    ['image', { ...MADE, rendered: { ...POD, image: 'other' } }],
    ['variable', { ...MADE, rendered: { ...POD, env: { A: '2' } } }],
    ['argument', { ...MADE, rendered: { ...POD, args: ['other'] } }],
    ['Secret', { ...MADE, rendered: { ...POD, secretEnv: { S: { name: 'other', key: 'k' } } } }],
    ['service account', { ...MADE, task: { ...MADE.task, serviceAccountName: 'other' } }],
    ['service account by default', { ...MADE, defaults: { image: 'i', serviceAccountName: 'other' } }],
    ['volume', { ...MADE, task: { ...MADE.task, volumes: [{ name: 'other' }] } }],
    ['environment from elsewhere', { ...MADE, task: { ...MADE.task, envFrom: [{ secretRef: { name: 'other' } }] } }],
    ['workspace', { ...MADE, task: { ...MADE.task, workspaces: [{ name: 'w', mountPath: '/other' }] } }],
    ['declared output', { ...MADE, task: { ...MADE.task, outputs: [{ name: 'v', type: 'Integer' }] } }],
    ['request', { ...MADE, rendered: { backend: 'Http', url: 'other', headers: {}, body: undefined } }],
  ])('computes what another %s would make, whatever the key says', async (_what, made) => {
    const world = new World();
    await world.start('a');
    await world.succeeded('a');
    expect(await world.start('b', { made })).toBeUndefined();
    expect(world.started).toEqual(['a', 'b']);
  });

  it('takes the result of a task that only stands elsewhere, or is tried otherwise', async () => {
    const world = new World();
    await world.start('a');
    await world.succeeded('a');
    const task = { ...MADE.task, name: 'u', needs: ['v'], when: 'true', timeout: '1h', retry: { limit: 1 } };
    const made = { ...MADE, task, rendered: { ...POD, avoidNodes: ['n'] } };
    expect(await world.start('b', { made })).toMatchObject({ phase: 'Hit' });
  });

  it('waits for another that computes the same, and is told to ask again when the result is there', async () => {
    const world = new World();
    await world.start('a');
    const busy = await world.start('b');
    expect(busy).toMatchObject({ phase: 'Refused', reason: 'CacheBusy', retry: true });
    expect(busy).toMatchObject({
      message: expect.stringContaining('run a task t has been computing the same result since 1970'),
    });
    await world.succeeded('a');
    expect(world.woken).toEqual(['n/b']);
    expect(await world.start('b')).toMatchObject({ phase: 'Hit' });
  });

  it('is one of many that starts, when all come at once', async () => {
    const world = new World();
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => world.start(name)));
    expect(world.started).toHaveLength(1);
  });

  it('computes what another one failed to, and what another one will never end', async () => {
    const world = new World();
    await world.start('a');
    await world.failed('a');
    expect(await world.start('b')).toBeUndefined();
    world.standings.set('b', 'Free');
    expect(await world.start('c')).toBeUndefined();
    expect(world.started).toEqual(['a', 'b', 'c']);
  });

  it('believes for half a minute that one which was not started is about to be', async () => {
    const world = new World();
    await world.start('a');
    world.standings.set('a', 'Unstarted');
    expect(await world.start('b')).toMatchObject({ reason: 'CacheBusy' });
    world.now += 31_000;
    expect(await world.start('b')).toBeUndefined();
  });

  it('takes no result that is too old, nor one of another key', async () => {
    const world = new World();
    await world.start('a');
    await world.succeeded('a');
    expect(await world.start('b', { key: 'other' })).toBeUndefined();
    world.now += HOUR;
    expect(await world.start('c')).toBeUndefined();
  });

  it('goes on with its own entry when it is started again, or tried again', async () => {
    const world = new World();
    await world.start('a');
    expect(await world.start('a')).toBeUndefined();
    expect(await world.start('a', { attempt: 1 })).toBeUndefined();
    await world.succeeded('a');
    expect(await world.start('b')).toMatchObject({ phase: 'Hit' });
  });

  it('stores its result also after a restart in between', async () => {
    const world = new World();
    await world.start('a');
    world.executor = world.begin();
    const live = { path: 't', attempt: 0, backend: 'Pod', task: { name: 't', cache: { key: 'k' } } } as LiveAttempt;
    await world.executor.observe(runOf('a'), [live]);
    await world.succeeded('a');
    expect(await world.start('b')).toMatchObject({ phase: 'Hit' });
  });

  it('computes anew in a run that refreshes, but not what that run computed itself', async () => {
    const world = new World();
    await world.start('a');
    await world.succeeded('a');
    world.policies.set('fresh', 'Refresh');
    expect(await world.start('fresh')).toBeUndefined();
    await world.succeeded('fresh', { digest: 'new' });
    expect(await world.start('fresh')).toMatchObject({ phase: 'Hit', outputs: { digest: 'new' } });
    expect(await world.start('b')).toMatchObject({ phase: 'Hit', outputs: { digest: 'new' } });
  });

  it('neither takes nor stores anything in a run that ignores caches', async () => {
    const world = new World();
    world.policies.set('a', 'Ignore');
    await world.start('a');
    await world.succeeded('a');
    expect(world.maps.size).toBe(0);
  });

  it('computes when the namespace lets nobody store anything, and when an entry makes no sense', async () => {
    const world = new World();
    world.refuses = new ApiError(403, { reason: 'Forbidden', message: 'exceeded quota' });
    expect(await world.start('a')).toBeUndefined();
    world.refuses = undefined;
    await world.start('b');
    await world.succeeded('b');
    for (const map of world.maps.values()) map.data = { outputs: 'nonsense', at: 'never' };
    world.standings.set('b', 'Free');
    expect(await world.start('c')).toBeUndefined();
    expect(world.started).toEqual(['a', 'b', 'c']);
  });

  it('has what has expired deleted some time after its result is stored, and not before', async () => {
    const world = new World();
    await world.start('old', { key: 'x', maxAgeMs: 1_000 });
    await world.succeeded('old');
    world.now += HOUR;
    await world.start('new', { key: 'y' });
    await world.succeeded('new');
    const sources = () => [...world.maps.values()].map(({ data }) => data?.from);
    expect(sources()).toEqual(['old/t', 'new/t']);
    await world.sweep();
    expect(sources()).toEqual(['new/t']);
  });
});

/** What a user who may write ConfigMaps can change of an entry: any text in it, or nothing but its place. */
const tampering = fc.tuple(
  fc.constantFrom('data.outputs', 'data.from', 'data.at', 'digest', 'holder', 'max-age-ms', 'proof'),
  fc.oneof(fc.string(), fc.constant(undefined), fc.constantFrom('{"digest":"evil"}', '2099-01-01T00:00:00.000Z')),
);

function tampered({ metadata, data }: CacheMap, [where, text]: readonly [string, string | undefined]): CacheMap {
  const changed = (fields: Record<string, string> | undefined, field: string) => {
    const { [field]: _was, ...rest } = fields ?? {};
    return text === undefined ? rest : { ...rest, [field]: text };
  };
  if (where.startsWith('data.')) return { metadata, data: changed(data, where.slice('data.'.length)) };
  const annotations = changed(metadata.annotations, `flow.ado.dev/${where}`);
  return { metadata: { ...metadata, annotations }, ...(data && { data }) };
}

/** The one entry of a world, and under which name. */
const onlyEntry = ({ maps }: World): readonly [string, CacheMap] => {
  const [first] = maps;
  if (!first) throw new Error('nothing is stored');
  return first;
};

describe('an entry that others wrote', () => {
  it('is a miss whatever of it was changed, and its place is taken', async () => {
    await fc.assert(
      fc.asyncProperty(tampering, async (change) => {
        const world = new World();
        await world.start('a');
        await world.succeeded('a');
        const [name, entry] = onlyEntry(world);
        const changed = tampered(entry, change);
        fc.pre(JSON.stringify(changed) !== JSON.stringify(entry));
        world.maps.set(name, changed);
        expect(await world.start('b')).toBeUndefined();
        await world.succeeded('b', { digest: 'new' });
        expect(await world.start('c')).toMatchObject({ phase: 'Hit', outputs: { digest: 'new' }, from: 'b/t' });
      }),
    );
  });

  it('is a miss where it was copied from another key or another namespace', async () => {
    const world = new World();
    await world.start('a', { key: 'other' });
    await world.succeeded('a', { digest: 'other' });
    const [, other] = onlyEntry(world);
    const elsewhere = new World();
    await elsewhere.start('a');
    const [name, entry] = onlyEntry(elsewhere);
    const annotations = {
      ...other.metadata.annotations,
      'flow.ado.dev/digest': entry.metadata.annotations?.['flow.ado.dev/digest'] ?? '',
    };
    for (const metadata of [other.metadata, { ...other.metadata, annotations }]) {
      elsewhere.maps.set(name, { ...other, metadata: { ...metadata, name } });
      expect(await elsewhere.start('b')).toBeUndefined();
    }
    await elsewhere.succeeded('b');
    const [, whole] = onlyEntry(elsewhere);
    elsewhere.maps.set(name, { ...whole, metadata: { ...whole.metadata, namespace: 'another' } });
    expect(await elsewhere.start('c')).toBeUndefined();
  });

  it('holds nobody up: the right to compute is proven too', async () => {
    const world = new World();
    await world.start('a');
    const [name, entry] = onlyEntry(world);
    world.maps.set(
      name,
      tampered(entry, ['holder', JSON.stringify({ run: 'z', uid: 'z-uid', path: 't', attempt: 0 })]),
    );
    expect(await world.start('b')).toBeUndefined();
    expect(world.started).toEqual(['a', 'b']);
  });

  it('is told of once', async () => {
    const world = new World();
    await world.start('a');
    const [name, entry] = onlyEntry(world);
    world.maps.set(name, tampered(entry, ['proof', 'forged']));
    await world.start('b');
    const { strangers } = await world.executor.observe(runOf('b'), []);
    expect(strangers).toEqual([{ kind: 'ConfigMap', namespace: 'n', name, uid: 'u', why: 'NoProof' }]);
    expect(await world.executor.observe(runOf('b'), [])).toEqual({ seen: [] });
  });

  it('is not filled with the result of a run, and what cannot be replaced is no cache', async () => {
    const world = new World();
    await world.start('a');
    const [name, entry] = onlyEntry(world);
    world.maps.set(name, tampered(entry, ['max-age-ms', '1']));
    await world.succeeded('a');
    expect(onlyEntry(world)[1].data).toBeUndefined();
    world.refuses = new ApiError(422, {
      reason: 'Invalid',
      message: 'field is immutable',
      details: { kind: 'ConfigMap' },
    });
    expect(await world.start('b')).toBeUndefined();
    expect(world.started).toEqual(['a', 'b']);
  });

  it('is deleted as waste only where it has the name of an entry', async () => {
    const world = new World();
    await world.start('a', { key: 'x' });
    const [name, entry] = onlyEntry(world);
    world.maps.set(name, tampered(entry, ['proof', undefined]));
    world.maps.set('theirs', {
      ...tampered(entry, ['proof', undefined]),
      metadata: { ...entry.metadata, name: 'theirs' },
    });
    await world.start('b', { key: 'y' });
    await world.succeeded('b');
    await world.sweep();
    expect([...world.maps.keys()]).toContain('theirs');
    expect([...world.maps.keys()]).not.toContain(name);
  });
});

describe('a result', () => {
  it('of a clock that was ahead is a miss, or it would never get old', async () => {
    const world = new World();
    world.now += 24 * HOUR;
    await world.start('a');
    await world.succeeded('a');
    world.now -= 24 * HOUR;
    expect(await world.start('b')).toBeUndefined();
  });
});
