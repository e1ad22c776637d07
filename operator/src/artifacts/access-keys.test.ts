import { describe, expect, it } from 'vitest';
import { type IssuedKeys, renewing } from './access-keys.ts';
import { StoreError } from './store.ts';

const HOUR = 3_600_000;

function given({ validMs = HOUR }: { validMs?: number | undefined } = {}) {
  let now = 1_000_000;
  const issued: IssuedKeys[] = [];
  let refuses = false;
  let asked = 0;
  const issue = async (): Promise<IssuedKeys> => {
    asked++;
    await Promise.resolve();
    if (refuses) throw new StoreError('no keys today');
    const keys = { accessKey: `key-${issued.length}`, secretKey: 's', expiresAt: now + validMs };
    issued.push(keys);
    return keys;
  };
  const keys = renewing(issue, () => now);
  return {
    keys: async () => (await keys()).accessKey,
    pass: (ms: number) => (now += ms),
    refuse: (value: boolean) => (refuses = value),
    asked: () => asked,
  };
}

describe('keys that expire', () => {
  it('are asked for once, however many requests need them', async () => {
    const { keys, asked } = given();
    expect(await Promise.all([keys(), keys(), keys()])).toEqual(['key-0', 'key-0', 'key-0']);
    expect(await keys()).toBe('key-0');
    expect(asked()).toBe(1);
  });

  it('are renewed some minutes before they expire', async () => {
    const { keys, pass } = given();
    expect(await keys()).toBe('key-0');
    pass(HOUR - 301_000);
    expect(await keys()).toBe('key-0');
    pass(2_000);
    expect(await keys()).toBe('key-1');
  });

  it('are used until they expire where they cannot be renewed, with a pause between two tries', async () => {
    const { keys, pass, refuse, asked } = given();
    await keys();
    refuse(true);
    pass(HOUR - 60_000);
    expect(await keys()).toBe('key-0');
    expect(await keys()).toBe('key-0');
    expect(asked()).toBe(2);
    pass(31_000);
    expect(await keys()).toBe('key-0');
    expect(asked()).toBe(3);
    pass(31_000);
    await expect(keys()).rejects.toThrow('no keys today');
    refuse(false);
    expect(await keys()).toBe('key-1');
  });

  it('that are valid for a short time only are not asked for with each request', async () => {
    const { keys, pass, asked } = given({ validMs: 60_000 });
    await keys();
    pass(10_000);
    await keys();
    expect(asked()).toBe(1);
    pass(25_000);
    expect(await keys()).toBe('key-1');
  });
});
