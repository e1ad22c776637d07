import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rotated, type StoredKey } from './rotation.ts';
import { DamagedKeyError, KEY_FIELD, KEYS_FIELD, packedKeys, storedKeys } from './stored-keys.ts';

const metadata = { name: 'ado-admission', namespace: 'ado-system', creationTimestamp: '2026-01-02T03:04:05Z' };
const YEAR_MS = 365 * 24 * 3_600_000;
const KEYS = [1, 2, 3].reduce<readonly StoredKey[]>((keys, year) => rotated(keys, year * YEAR_MS), []);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const read = (data: Record<string, string>) => storedKeys({ metadata, data } as never);

describe('stored keys', () => {
  it('are decoded as stored', () => {
    expect(read(packedKeys(KEYS))).toEqual(KEYS);
  });

  it('of an earlier operator version are one key, as old as the Secret', () => {
    const key = new Uint8Array(32).fill(5);
    const from = Date.parse(metadata.creationTimestamp);
    expect(read({ [KEY_FIELD]: Buffer.from(key).toString('base64') })).toEqual([{ key, from }]);
  });

  it('are damaged if the length is wrong or only the first is missing, and the error has the remedy', () => {
    for (const data of [{ [KEY_FIELD]: '' }, { [KEY_FIELD]: 'c2hvcnQ=' }, { 'tls.key': 'x' }]) {
      expect(() => read(data as never)).toThrow(DamagedKeyError);
      expect(() => read(data as never)).toThrow(/ado-system\/ado-admission.*restore the Secret/);
    }
  });

  it('are undefined in an empty Secret', () => {
    expect(storedKeys({ metadata } as never)).toBeUndefined();
  });

  it('are damaged after a change of any letter of a key or id, and never become another key', () => {
    const data = packedKeys(KEYS);
    const text = Buffer.from(data[KEYS_FIELD] ?? '', 'base64').toString();
    const at = fc.nat({ max: text.length - 1 });
    fc.assert(
      fc.property(at, fc.string({ minLength: 1, maxLength: 1 }), (index, letter) => {
        const changed = text.slice(0, index) + letter + text.slice(index + 1);
        const reading = () => read({ ...data, [KEYS_FIELD]: base64(changed) });
        try {
          expect(reading()?.map(({ key }) => key)).toEqual(KEYS.map(({ key }) => key));
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedKeyError);
          expect(String(error)).not.toContain(Buffer.from(KEYS[0]?.key ?? []).toString('base64'));
        }
      }),
    );
  });

  it('are damaged if they are truncated, too many, or do not end with the oldest', () => {
    const data = packedKeys(KEYS);
    const text = Buffer.from(data[KEYS_FIELD] ?? '', 'base64').toString();
    const lines = text.trimEnd().split('\n');
    const broken = ['', text.slice(0, -10), lines.slice(0, -1).join('\n'), `${text}${text}${text}`, 'nonsense'];
    for (const one of broken) {
      expect(() => read({ ...data, [KEYS_FIELD]: base64(one) }), one).toThrow(DamagedKeyError);
    }
    expect(() => read({ ...data, [KEY_FIELD]: base64('x'.repeat(32)) })).toThrow(DamagedKeyError);
  });
});
