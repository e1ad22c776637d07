import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../engine/index.ts';
import { Proofs, type Purpose } from './codes.ts';
import { ANNOUNCED_MS, idOf, MAX_KEYS, ROTATED_MS, rotated, type StoredKey } from './rotation.ts';

const stored = (byte: number, from = 0): StoredKey => ({ key: new Uint8Array(32).fill(byte), from });
const by = (keys: readonly StoredKey[], purpose: Purpose = 'proofs', now = 0) =>
  new Proofs({ keys: () => keys, purpose, now: () => now });
const KEY = stored(7);
const proofs = by([KEY]);
const CLAIM = { of: 'attempt' };

/** Codes as they were made before keys had names. */
const bare = (key: Uint8Array, claim: object) =>
  createHmac('sha256', key).update(canonicalJson(claim)).digest('base64url');
const unnamed = {
  proofs: (key: Uint8Array, claim: object) => bare(createHmac('sha256', key).update('key for proofs').digest(), claim),
  attestations: bare,
};

describe('a proof', () => {
  it('is valid with the same key, and only for its claim', () => {
    const claims = fc.record({ of: fc.constantFrom('attempt', 'page'), name: fc.string(), attempt: fc.nat(3) });
    fc.assert(
      fc.property(claims, claims, (claim, other) => {
        const code = proofs.code(claim);
        expect(by([stored(7)]).proves(code, { ...claim })).toBe(true);
        expect(proofs.proves(code, other)).toBe(JSON.stringify(claim) === JSON.stringify(other));
        expect(by([stored(0)]).proves(code, claim)).toBe(false);
      }),
    );
  });

  it('is invalid if it is missing, empty, or of another key, purpose or claim', () => {
    const [, mac = ''] = proofs.code(CLAIM).split('.');
    const others = ['', 'x', '.', `${idOf(KEY.key)}.`, `.${mac}`, `${idOf(stored(8).key)}.${mac}`];
    const wrong = [undefined, ...others, bare(KEY.key, CLAIM), by([KEY], 'attestations').code(CLAIM)];
    for (const code of wrong) expect(proofs.proves(code, CLAIM), code).toBe(false);
  });

  it('cannot be verified before the keys are read', () => {
    const unread = new Proofs({
      purpose: 'proofs',
      now: () => 0,
      keys: () => {
        throw new Error('not read yet');
      },
    });
    expect(() => unread.proves('x', CLAIM)).toThrow('not read yet');
    expect(() => unread.code(CLAIM)).toThrow('not read yet');
  });

  it('names its key, and is valid as long as that key is kept', () => {
    const code = proofs.code(CLAIM);
    expect(code).toMatch(new RegExp(`^${idOf(KEY.key)}\\.[\\w-]{43}$`));
    expect(by([stored(9), stored(8), KEY]).proves(code, CLAIM)).toBe(true);
    expect(by([stored(9), stored(8)]).proves(code, CLAIM)).toBe(false);
  });

  it.for(['proofs', 'attestations'] as const)(
    'of %s that was made before keys had names is one of the first key alone',
    (purpose) => {
      const code = unnamed[purpose](KEY.key, CLAIM);
      expect(by([KEY], purpose).proves(code, CLAIM)).toBe(true);
      expect(by([stored(8), KEY], purpose).proves(code, CLAIM)).toBe(true);
      expect(by([KEY, stored(8)], purpose).proves(code, CLAIM)).toBe(false);
      expect(by([KEY], purpose === 'proofs' ? 'attestations' : 'proofs').proves(code, CLAIM)).toBe(false);
    },
  );

  it('keeps its unguessable texts when keys rotate', () => {
    const before = proofs.unguessable(CLAIM);
    expect(before).toEqual([unnamed.proofs(KEY.key, CLAIM)]);
    expect(by([stored(8), KEY]).unguessable(CLAIM)).toEqual([expect.any(String), ...before]);
  });
});

describe('keys that rotate', () => {
  it('are known to all replicas before their first use, whichever replica rotates', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 200 });
    fc.assert(
      fc.property(gaps, (days) => {
        let now = 0;
        let keys = rotated([], now);
        for (const gap of days) {
          // A replica that has read the Secret for the last time less than a day ago.
          const behind = keys;
          now += gap * 24 * 3_600_000;
          keys = rotated(keys, now);
          const code = by(keys, 'proofs', now).code(CLAIM);
          expect(by(behind).proves(code, CLAIM)).toBe(true);
          expect(keys.length).toBeLessThanOrEqual(MAX_KEYS);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are valid for almost two years', () => {
    let now = 0;
    let keys = rotated([], now);
    const code = by(keys, 'proofs', now).code(CLAIM);
    const step = ROTATED_MS + ANNOUNCED_MS;
    for (; now < (MAX_KEYS - 1) * step - 1; now += ANNOUNCED_MS) {
      keys = rotated(keys, now);
      expect(by(keys).proves(code, CLAIM)).toBe(true);
    }
    for (; now < (MAX_KEYS + 1) * step; now += ANNOUNCED_MS) keys = rotated(keys, now);
    expect(by(keys).proves(code, CLAIM)).toBe(false);
  });
});
