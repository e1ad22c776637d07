import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProofKeys, Proofs } from '../proofs/index.ts';
import { type Clock, realClock } from '../runtime/index.ts';
import { silentLogger } from '../telemetry/index.ts';
import { SharedSecret } from './secret.ts';
import { MemoryClient } from './testing/memory-client.ts';

const CLAIM = { of: 'attempt', name: 'a' };
const DAY_MS = 24 * 3_600_000;
const WANTED = { hosts: ['127.0.0.1'], paths: { periodMs: DAY_MS, legacy: '' }, now: Date.now() };
let api: MemoryClient;
let ending: AbortController;
let running: Promise<void>[];

beforeEach(() => {
  api = new MemoryClient();
  ending = new AbortController();
  running = [];
});
afterEach(async () => {
  ending.abort();
  await Promise.all(running);
});

/** The keys of one operator, after they are read. */
async function keysOf(clock: Clock = realClock): Promise<ProofKeys> {
  const keys = new ProofKeys({ client: api.client, clock, logger: silentLogger(), namespace: 'ado-system' });
  running.push(keys.run(ending.signal));
  await keys.synced;
  return keys;
}

/** A clock that is `days` ahead. */
const ahead = (days: number): Clock => ({ ...realClock, now: () => realClock.now() + days * DAY_MS });
const proofsOf = (keys: ProofKeys, now = 0) => new Proofs({ keys: () => keys.keys, purpose: 'proofs', now: () => now });
const webhookSecret = () => new SharedSecret({ client: api.client, namespace: 'ado-system' }).refresh(WANTED);
const secret = () => api.objects.get('Secret/ado-admission') as unknown as { data: Record<string, string> };

describe('the keys that operators share', () => {
  it('are created by the first operator, also without a webhook, and read by all others', async () => {
    const first = await keysOf();
    const code = proofsOf(first).code(CLAIM);
    expect(proofsOf(await keysOf()).proves(code, CLAIM)).toBe(true);
    expect(api.writes).toEqual(['create Secret ado-admission']);
  });

  it('stay unchanged when the webhook writes other fields of the Secret', async () => {
    const { keys } = await keysOf();
    await webhookSecret();
    expect((await keysOf()).keys).toEqual(keys);
    expect(Object.keys(secret().data)).toContain('tls.crt');
  });

  it('are the same for two operators that start at the same moment', async () => {
    const [a, b] = await Promise.all([keysOf(), keysOf()]);
    expect(a.keys).toEqual(b.keys);
  });

  it('are stored in an existing empty Secret', async () => {
    api.put('Secret', { metadata: { name: 'ado-admission', namespace: 'ado-system' } });
    const { keys } = await keysOf();
    expect(Buffer.from(secret().data['attestation.key'] ?? '', 'base64')).toEqual(Buffer.from(keys[0]?.key ?? []));
  });

  it('include a new one after 90 days, used a day later, and keep the fields of the webhook', async () => {
    const first = await keysOf();
    await webhookSecret();
    const code = proofsOf(first).code(CLAIM);
    const { 'attestation.key': oldest, 'tls.crt': certificate } = secret().data;
    const second = await keysOf(ahead(91));
    expect(second.keys).toHaveLength(2);
    expect(secret().data).toMatchObject({ 'attestation.key': oldest, 'tls.crt': certificate });
    const id = (proofs: Proofs) => proofs.code(CLAIM).split('.')[0];
    expect(id(proofsOf(second, ahead(91).now()))).toBe(code.split('.')[0]);
    expect(id(proofsOf(second, ahead(93).now()))).not.toBe(code.split('.')[0]);
    expect(proofsOf(second).proves(code, CLAIM)).toBe(true);
  });

  it('include a new one after the time of the newest is set back, as in the runbook', async () => {
    await keysOf();
    const text = Buffer.from(secret().data['attestation.keys'] ?? '', 'base64').toString();
    const back = Buffer.from(text.replace(/ \S+ /, ' 2020-01-01T00:00:00Z ')).toString('base64');
    const metadata = { name: 'ado-admission', namespace: 'ado-system' };
    api.put('Secret', { metadata, data: { ...secret().data, 'attestation.keys': back } });
    expect((await keysOf()).keys).toHaveLength(2);
  });

  it('include the one of an earlier operator version, whose codes stay valid', async () => {
    const key = Buffer.alloc(32, 5);
    const metadata = { name: 'ado-admission', namespace: 'ado-system', creationTimestamp: new Date().toISOString() };
    api.put('Secret', { metadata, data: { 'attestation.key': key.toString('base64') } });
    const { keys } = await keysOf();
    expect(keys.map((one) => Buffer.from(one.key))).toEqual([key]);
    expect(Object.keys(secret().data)).toEqual(['attestation.key', 'attestation.keys']);
  });

  it('are never replaced if one is damaged: the operator does not start', async () => {
    await keysOf();
    await webhookSecret();
    await keysOf(ahead(91));
    const { data } = secret();
    const damages = [
      { 'attestation.key': '' },
      { 'attestation.key': 'c2hvcnQ=' },
      { 'attestation.keys': 'bm9uc2Vuc2U=' },
      { 'attestation.keys': '' },
    ];
    for (const damage of damages) {
      const broken = { ...data, ...damage };
      api.put('Secret', { metadata: { name: 'ado-admission', namespace: 'ado-system' }, data: broken });
      await expect(keysOf()).rejects.toThrow(/attestation.key.*restore the Secret from a backup/);
      expect(secret().data).toEqual(broken);
    }
  });

  it('reject pending waits when the process stops', async () => {
    api.before = () => {
      throw new Error('no connection');
    };
    const waiting = keysOf();
    ending.abort();
    await expect(waiting).rejects.toThrow('stopped before the proof keys were read');
  });
});
