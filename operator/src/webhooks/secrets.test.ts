import { describe, expect, it } from 'vitest';
import { ApiError, type KubeClient } from '../runtime/index.ts';
import { SecretReader } from './secrets.ts';

const REF = { secretKeyRef: { name: 'hook', key: 'new' }, previousSecretKeyRef: { name: 'hook', key: 'old' } };

/** A reader with a client and a clock that the test controls. */
function reading(data: Record<string, string>) {
  const state: { asked: number; now: number; data: Record<string, string>; error?: Error } = { asked: 0, now: 0, data };
  const get = async () => {
    state.asked++;
    if (state.error) throw state.error;
    const encoded = Object.entries(state.data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    return { metadata: { name: 'hook' }, data: Object.fromEntries(encoded) };
  };
  const clock = { monotonic: () => state.now } as never;
  return { state, reader: new SecretReader({ get } as unknown as Pick<KubeClient, 'get'>, clock) };
}

const textsOf = (read: Awaited<ReturnType<SecretReader['read']>>) =>
  'secrets' in read ? read.secrets.map((secret) => secret.toString()) : read.problem;
const refusal = (status: number, reason: string) => new ApiError(status, { reason, message: reason });

describe('the secrets of a webhook', () => {
  it('are the new one and, while it exists, the previous one', async () => {
    const { reader, state } = reading({ new: 'new-secret', old: 'old-secret' });
    expect(textsOf(await reader.read('shop', REF))).toEqual(['new-secret', 'old-secret']);
    state.data = { new: 'new-secret' };
    state.now = 31_000;
    expect(textsOf(await reader.read('shop', REF))).toEqual(['new-secret']);
  });

  it('are read without a trailing newline', async () => {
    const { reader } = reading({ new: 'new-secret\n' });
    expect(textsOf(await reader.read('shop', REF))).toEqual(['new-secret']);
  });

  it('are cached for 30 seconds, and read again after a failed authentication', async () => {
    const { reader, state } = reading({ new: 'new-secret' });
    await Promise.all([reader.read('shop', REF), reader.read('shop', REF)]);
    state.now = 29_000;
    await reader.read('shop', REF);
    expect(state.asked).toBe(1);
    state.data = { new: 'newer-secret' };
    expect(textsOf(await reader.read('shop', REF, true))).toEqual(['newer-secret']);
    await reader.read('shop', REF, true);
    expect(state.asked).toBe(2);
  });

  it.each([
    ['is missing', refusal(404, 'NotFound'), /no Secret "hook" in the namespace/],
    ['may not be read', refusal(403, 'Forbidden'), /may not read the Secret "hook"; grant it: kubectl apply -n shop/],
  ])('report a remedy when the Secret %s', async (_how, error, problem) => {
    const { reader, state } = reading({});
    state.error = error;
    expect(textsOf(await reader.read('shop', REF))).toMatch(problem);
    await reader.read('shop', REF);
    expect(state.asked).toBe(1);
    state.now = 6_000;
    await reader.read('shop', REF);
    expect(state.asked).toBe(2);
  });

  it('report a remedy when the key is missing or too short', async () => {
    expect(textsOf(await reading({}).reader.read('shop', REF))).toMatch(/has no key "new"; add it/);
    expect(textsOf(await reading({ new: 'short' }).reader.read('shop', REF))).toMatch(/shorter than 8 bytes/);
  });

  it('are read again at once after an error of the API server', async () => {
    const { reader, state } = reading({ new: 'new-secret' });
    state.error = refusal(500, 'InternalError');
    await expect(reader.read('shop', REF)).rejects.toThrow('InternalError');
    delete state.error;
    expect(textsOf(await reader.read('shop', REF))).toEqual(['new-secret']);
  });
});
