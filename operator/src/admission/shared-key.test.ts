import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProofKey, Proofs } from '../proofs/index.ts';
import { realClock } from '../runtime/index.ts';
import { silentLogger } from '../telemetry/index.ts';
import { SharedSecret } from './secret.ts';
import { MemoryClient } from './testing/memory-client.ts';

const CLAIM = { of: 'attempt', name: 'a' };
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

/** One operator's key, once it is known. */
async function keyOf(): Promise<ProofKey> {
  const key = new ProofKey({ client: api.client, clock: realClock, logger: silentLogger(), namespace: 'ado-system' });
  running.push(key.run(ending.signal));
  await key.synced;
  return key;
}

const webhookSecret = () =>
  new SharedSecret({ client: api.client, namespace: 'ado-system', hosts: ['127.0.0.1'] }).refresh(Date.now());
const secret = () => api.objects.get('Secret/ado-admission') as unknown as { data: Record<string, string> };

describe('the key that operators share', () => {
  it('is made by the first operator without a webhook, and taken by all others', async () => {
    const first = await keyOf();
    const code = new Proofs(() => first.key).code(CLAIM);
    const second = await keyOf();
    expect(new Proofs(() => second.key).proves(code, CLAIM)).toBe(true);
    expect(api.writes).toEqual(['create Secret ado-admission']);
  });

  it('is one for both, whether the webhook comes later or was there first', async () => {
    const before = await keyOf();
    expect((await webhookSecret()).attestationKey).toEqual(before.key);
    api.objects.clear();
    const { attestationKey } = await webhookSecret();
    expect((await keyOf()).key).toEqual(attestationKey);
  });

  it('is one for two that come at the same moment', async () => {
    const [a, b] = await Promise.all([keyOf(), keyOf()]);
    expect(a.key).toEqual(b.key);
  });

  it('is put into a Secret that was made empty', async () => {
    api.put('Secret', { metadata: { name: 'ado-admission', namespace: 'ado-system' } });
    const { key } = await keyOf();
    expect(Buffer.from(secret().data['attestation.key'] ?? '', 'base64')).toEqual(Buffer.from(key));
  });

  it('is never made anew where it is damaged: the operator does not start, nor does the webhook', async () => {
    await keyOf();
    await webhookSecret();
    const { data } = secret();
    for (const damaged of ['', 'c2hvcnQ=']) {
      const broken = { ...data, 'attestation.key': damaged };
      api.put('Secret', { metadata: { name: 'ado-admission', namespace: 'ado-system' }, data: broken });
      await expect(keyOf()).rejects.toThrow(/attestation.key.*restore the Secret from a backup/);
      await expect(webhookSecret()).rejects.toThrow(/attestation.key/);
      expect(secret().data).toEqual(broken);
    }
  });
});
