import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { ArtifactPlan } from '../../src/api/index.ts';
import { fetchInputs, type ObjectStore, openStore, push, sweep } from '../../src/artifacts/index.ts';
import { ACCESS_KEY, S3Server, SECRET_KEY } from '../support/s3-server.ts';

const MIB = 1024 * 1024;
const PROGRAM = join(import.meta.dirname, '../../src/cmd/artifacts.ts');

let server: S3Server;
let folder: string;
let store: ObjectStore;

beforeAll(async () => {
  server = await S3Server.start();
});
afterAll(() => server.stop());

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ado-artifacts-'));
  mkdirSync(join(folder, 'secret'));
  writeFileSync(join(folder, 'secret/accessKey'), `${ACCESS_KEY}\n`);
  writeFileSync(join(folder, 'secret/secretKey'), SECRET_KEY);
  server.judge = () => 'Pass';
  server.seen.length = 0;
  store = await openStore(server.location(prefix()), { secretFolder: join(folder, 'secret'), volumeFolder: folder });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Each test has a corner of the bucket for itself. */
const prefix = () => `corner-${folder.split('-').at(-1)?.toLowerCase()}`;

function plan(more: Partial<ArtifactPlan> = {}): ArtifactPlan {
  return {
    store: server.location(prefix()),
    namespace: 'shop',
    runUid: 'run-1',
    path: 'build',
    attempt: 1,
    maxBytes: 1024 * MIB,
    pushMs: 60_000,
    policy: { keep: 'WithRun' },
    inputs: [],
    outputs: [{ name: 'out', path: join(folder, 'out'), optional: false }],
    ...more,
  };
}

const input = (path: string) => [{ name: 'in', producer: 'build', artifact: 'out', path, optional: false }];
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** The program as a pod starts it. */
function program(command: string[], told: ArtifactPlan): { child: ChildProcess; ended: Promise<number> } {
  const env = { ...process.env, ADO_ARTIFACT_PLAN: JSON.stringify(told), ADO_STORE_SECRET: join(folder, 'secret') };
  const child = spawn(process.execPath, [PROGRAM, ...command], { env, stdio: 'ignore' });
  return { child, ended: new Promise((resolve) => child.once('close', (code) => resolve(code ?? -1))) };
}

describe('artifacts in S3', () => {
  it('come back as they were: small files in one request, large ones in parts, folders as archives', async () => {
    const large = randomBytes(40 * MIB);
    mkdirSync(join(folder, 'tree/deep'), { recursive: true });
    writeFileSync(join(folder, 'tree/deep/script.sh'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(join(folder, 'large'), large);
    writeFileSync(join(folder, 'small'), 'hello');
    const names = ['small', 'large', 'tree'];
    const outputs = names.map((name) => ({ name, path: join(folder, name), optional: false }));
    const { artifacts } = await push(plan({ outputs }), store);
    expect(artifacts.map(({ name, type, size }) => [name, type, size])).toEqual([
      ['small', 'File', 5],
      ['large', 'File', 40 * MIB],
      ['tree', 'Directory', expect.any(Number)],
    ]);
    expect(server.done('PUT', /partNumber=/)).toHaveLength(3);
    const inputs = names.map((name) => ({ ...input('')[0]!, name, artifact: name, path: join(folder, 'in', name) }));
    await fetchInputs(plan({ path: 'test', inputs }), store);
    expect(readFileSync(join(folder, 'in/small'), 'utf8')).toBe('hello');
    expect(digest(readFileSync(join(folder, 'in/large')))).toBe(digest(large));
    expect(readFileSync(join(folder, 'in/tree/deep/script.sh'), 'utf8')).toBe('#!/bin/sh\n');
  });

  it('go on where an upload was killed, and send again only what the store does not have', async () => {
    const bytes = randomBytes(80 * MIB);
    writeFileSync(join(folder, 'out'), bytes);
    let held = 0;
    // Four of five parts go through; the last one waits until its sender is dead.
    server.judge = ({ url }) => (/partNumber=5/.test(url) ? new Promise(() => (held += 1)) : 'Pass');
    const first = program(['push', '--now'], plan());
    await expect.poll(() => held, { timeout: 60_000, interval: 50 }).toBe(1);
    first.child.kill('SIGKILL');
    expect(await first.ended).toBe(-1);
    expect(server.done('PUT', /partNumber=/)).toHaveLength(4);
    await expect(fetchInputs(plan({ inputs: input(join(folder, 'in')) }), store)).rejects.toThrow(
      /published no artifact/,
    );

    server.judge = () => 'Pass';
    server.seen.length = 0;
    expect(await program(['push', '--now'], plan()).ended).toBe(0);
    expect(server.done('PUT', /partNumber=/).map(({ url }) => /partNumber=(\d+)/.exec(url)?.[1])).toEqual(['5']);
    await fetchInputs(plan({ path: 'test', inputs: input(join(folder, 'in')) }), store);
    expect(digest(readFileSync(join(folder, 'in')))).toBe(digest(bytes));
  });

  it('survive a store that breaks connections', async () => {
    const bytes = randomBytes(20 * MIB);
    writeFileSync(join(folder, 'out'), bytes);
    let turn = 0;
    server.judge = () => (turn++ % 2 === 0 ? 'Break' : 'Pass');
    await push(plan(), store);
    await fetchInputs(plan({ path: 'test', inputs: input(join(folder, 'in')) }), store);
    expect(digest(readFileSync(join(folder, 'in')))).toBe(digest(bytes));
  });

  it('are taken up where the connection broke while they were read', async () => {
    const bytes = randomBytes(12 * MIB);
    writeFileSync(join(folder, 'out'), bytes);
    await push(plan(), store);
    let cuts = 0;
    server.judge = ({ method, url }) => (method === 'GET' && url.endsWith('/out') && cuts++ < 3 ? 'Cut' : 'Pass');
    await fetchInputs(plan({ path: 'test', inputs: input(join(folder, 'in')) }), store);
    expect(digest(readFileSync(join(folder, 'in')))).toBe(digest(bytes));
    expect(server.seen.filter(({ status }) => status === 206).length).toBe(3);
  });

  it('are refused when their bytes are not those that were published, and nothing is left of them', async () => {
    writeFileSync(join(folder, 'out'), 'what was made');
    await push(plan(), store);
    const at = join(server.bucketFolder, prefix(), 'shop/run-1/build/1/out');
    writeFileSync(at, 'what was mad!');
    const inputs = input(join(folder, 'in/file'));
    await expect(fetchInputs(plan({ path: 'test', inputs }), store)).rejects.toThrow(/checksum/);
    expect(readdirSync(join(folder, 'in'))).toEqual([]);
  });

  it('are published when SIGTERM says that the task has ended, and not before', async () => {
    const { child, ended } = program(['push'], plan());
    // It catches SIGUSR2 when it would hear a SIGTERM; so `artifacts ready` knows as well.
    const caught = () =>
      /artifacts\.ts/.test(of('cmdline')) && (BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(of('status'))?.[1]}`) >> 11n) & 1n;
    const of = (file: string) => readFileSync(`/proc/${child.pid}/${file}`, 'utf8');
    await expect.poll(caught, { timeout: 20_000 }).toBe(1n);
    writeFileSync(join(folder, 'out'), 'made at last');
    expect(server.seen).toEqual([]);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(existsSync(join(server.bucketFolder, prefix(), 'shop/run-1/build/1/manifest.json'))).toBe(true);
  });

  it('fail their pod when the task made none of what it declared', async () => {
    expect(await program(['push', '--now'], plan()).ended).toBe(1);
    expect(server.done('PUT', /manifest/)).toEqual([]);
  });

  it('are refused by a store that does not know the credentials, at once and with its words', async () => {
    writeFileSync(join(folder, 'secret/secretKey'), 'of somebody else');
    writeFileSync(join(folder, 'out'), 'x');
    const options = { secretFolder: join(folder, 'secret'), volumeFolder: folder };
    const stranger = await openStore(server.location(prefix()), options);
    await expect(push(plan(), stranger)).rejects.toThrow(/403 SignatureDoesNotMatch/);
    expect(server.seen).toHaveLength(1);
  });

  it('go over TLS, to a store whose authority is in its Secret and to no other', async () => {
    const secure = await S3Server.start('127.0.0.1', true);
    onTestFinished(() => secure.stop());
    writeFileSync(join(folder, 'out'), 'x');
    const options = { secretFolder: join(folder, 'secret'), volumeFolder: folder };
    const address = secure.location('tls');
    await expect(push(plan(), await openStore(address, options))).rejects.toThrow(/self-signed certificate/);
    writeFileSync(join(folder, 'secret/ca.crt'), secure.certificate ?? '');
    await push(plan(), await openStore(address, options));
    expect(secure.done('PUT', /manifest/)).toHaveLength(1);
  });

  it('go when their run is gone, as their policy says, and never those of a run that began since', async () => {
    writeFileSync(join(folder, 'out'), 'x');
    await push(plan(), store);
    await push(plan({ runUid: 'run-2' }), store);
    await push(plan({ runUid: 'kept', policy: { keep: 'Forever' } }), store);
    await push(plan({ runUid: 'for-a-day', policy: { keep: 'For', ms: 86_400_000 } }), store);
    const corner = join(server.bucketFolder, prefix(), 'shop');
    const now = Date.now();
    const run = { namespace: 'shop', live: new Set(['run-2']), skewMs: 300_000, now };
    expect(await sweep(store, { ...run, asOf: now })).toMatchObject({ runs: 0 });

    // What the clock of the store says of them is an hour old.
    const old = new Date(now - 3_600_000);
    for (const entry of readdirSync(corner, { recursive: true })) utimesSync(join(corner, String(entry)), old, old);
    expect(await sweep(store, { ...run, asOf: now })).toMatchObject({
      runs: 1,
      objects: 3,
      more: false,
      unreadable: [],
    });
    const left = async () => {
      const keys: string[] = [];
      for await (const { key } of store.list('shop/')) keys.push(key);
      return [...new Set(keys.map((key) => key.split('/')[1]))].sort();
    };
    expect(await left()).toEqual(['for-a-day', 'kept', 'run-2']);
    await sweep(store, { ...run, asOf: now, now: now + 2 * 86_400_000 });
    expect(await left()).toEqual(['kept', 'run-2']);
  });
});
