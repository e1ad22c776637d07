import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactPlan } from '../api/index.ts';
import { fetchInputs } from './fetch.ts';
import { sweep } from './gc.ts';
import { push } from './push.ts';
import { once } from './store.ts';
import { VolumeStore } from './volume.ts';

let folder: string;
let store: VolumeStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ado-volume-'));
  store = new VolumeStore(join(folder, 'store'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function plan(more: Partial<ArtifactPlan> = {}): ArtifactPlan {
  const common = { store: 'volume://claim', namespace: 'shop', runUid: 'run-1', path: 'build', attempt: 1 };
  const policy = { keep: 'WithRun' } as const;
  return { ...common, maxBytes: 10_000, pushMs: 10_000, policy, inputs: [], outputs: [], ...more };
}
const output = (name: string, optional = false) => ({ name, path: join(folder, name), optional });
const input = (more: object = {}) => ({
  name: 'in',
  producer: 'build',
  artifact: 'out',
  path: join(folder, 'in'),
  optional: false,
  ...more,
});
const fetchOf = (more: object = {}) => fetchInputs(plan({ path: 'test', inputs: [input(more)] }), store);

describe('artifacts in a volume', () => {
  it('are handed on, and those of a fan-out as a folder of its items', async () => {
    for (const item of [0, 1]) {
      writeFileSync(join(folder, 'out'), `item ${item}`);
      await push(plan({ path: `build[${item}]`, outputs: [output('out')] }), store);
    }
    await fetchOf();
    expect(readFileSync(join(folder, 'in/1'), 'utf8')).toBe('item 1');
    expect(readdirSync(join(folder, 'in'))).toEqual(['0', '1']);
  });

  it('of the last attempt count, also when it left out what an earlier one had', async () => {
    writeFileSync(join(folder, 'out'), 'first');
    await push(plan({ outputs: [output('out')] }), store);
    await push(plan({ attempt: 2, outputs: [output('absent', true)] }), store);
    await expect(fetchOf()).rejects.toThrow(/task "build" published no artifact "out"/);
    await fetchOf({ optional: true });
  });

  it('may be fetched again over what a broken try left', async () => {
    mkdirSync(join(folder, 'out/deep'), { recursive: true });
    writeFileSync(join(folder, 'out/deep/file'), 'x');
    await push(plan({ outputs: [output('out')] }), store);
    await fetchOf();
    await fetchOf();
    expect(readFileSync(join(folder, 'in/deep/file'), 'utf8')).toBe('x');
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('are refused when they are missing, too large, or lead to what is not theirs', async () => {
    await expect(push(plan({ outputs: [output('out')] }), store)).rejects.toThrow(/there is nothing at .*out/);
    writeFileSync(join(folder, 'out'), 'x'.repeat(10_001));
    await expect(push(plan({ outputs: [output('out')] }), store)).rejects.toThrow(/more than 10000 bytes/);
    symlinkSync('/etc/hostname', join(folder, 'link'));
    await expect(push(plan({ outputs: [output('link')] }), store)).rejects.toThrow(/symbolic link/);
    symlinkSync('/etc', join(folder, 'etc'));
    await expect(push(plan({ outputs: [output('etc/hostname')] }), store)).rejects.toThrow(/symbolic link/);
    await expect(fetchOf()).rejects.toThrow(/published no artifact/);
  });

  it('that unpack to more than is allowed are refused', async () => {
    mkdirSync(join(folder, 'out'));
    writeFileSync(join(folder, 'out/zeros'), Buffer.alloc(100_000));
    await push(plan({ maxBytes: 200_000, outputs: [output('out')] }), store);
    const small = plan({ path: 'test', maxBytes: 50_000, inputs: [input()] });
    await expect(fetchInputs(small, store)).rejects.toThrow(/larger than|unpacks to more/);
  });

  it('leave no empty folders when they go', async () => {
    writeFileSync(join(folder, 'out'), 'x');
    await push(plan({ outputs: [output('out')] }), store);
    const now = Date.now() + 3_600_000;
    await sweep(store, { namespace: 'shop', live: new Set(), asOf: now, skewMs: 0, now });
    expect(readdirSync(join(folder, 'store'))).toEqual([]);
  });
});

describe('a volume', () => {
  it('has an object whole or not at all', async () => {
    await store.put('a/b', once(Buffer.from('old')));
    const broken = async function* () {
      yield Buffer.from('new');
      throw new Error('cut off');
    };
    await expect(store.put('a/b', broken())).rejects.toThrow('cut off');
    expect(readFileSync(join(folder, 'store/a/b'), 'utf8')).toBe('old');
    expect(readdirSync(join(folder, 'store/a'))).toEqual(['b']);
  });

  it('gives nothing out of its folder', async () => {
    await expect(store.get('../secret')).rejects.toThrow(/is not a key/);
  });
});
