import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, Proofs } from './codes.ts';
import { DamagedKeyError, storedKey } from './stored-key.ts';

const KEY = new Uint8Array(32).fill(7);
const proofs = new Proofs(() => KEY);

describe('a proof', () => {
  it('is known again by whoever has the key, and says nothing about another claim', () => {
    const claims = fc.record({ of: fc.constantFrom('attempt', 'page'), name: fc.string(), attempt: fc.nat(3) });
    fc.assert(
      fc.property(claims, claims, (claim, other) => {
        const code = proofs.code(claim);
        expect(new Proofs(() => new Uint8Array(KEY)).proves(code, { ...claim })).toBe(true);
        expect(proofs.proves(code, other)).toBe(JSON.stringify(claim) === JSON.stringify(other));
        expect(new Proofs(() => new Uint8Array(32)).proves(code, claim)).toBe(false);
      }),
    );
  });

  it('is none where it is missing, empty, or made with the key for another purpose', () => {
    const claim = { of: 'attempt' };
    for (const code of [undefined, '', 'x', codeOf(KEY, claim)]) expect(proofs.proves(code, claim)).toBe(false);
  });

  it('cannot be judged before the key is there', () => {
    const unread = new Proofs(() => {
      throw new Error('not read yet');
    });
    expect(() => unread.proves('x', { of: 'attempt' })).toThrow('not read yet');
  });
});

describe('the stored key', () => {
  const metadata = { name: 'ado-admission', namespace: 'ado-system' };

  it('is damaged where its length is wrong or it alone is missing, and the error says the remedy', () => {
    for (const data of [{ 'attestation.key': '' }, { 'attestation.key': 'c2hvcnQ=' }, { 'tls.key': 'x' }]) {
      expect(() => storedKey({ metadata, data } as never)).toThrow(DamagedKeyError);
      expect(() => storedKey({ metadata, data } as never)).toThrow(/ado-system\/ado-admission.*restore the Secret/);
    }
  });

  it('is not there yet in a Secret that holds nothing', () => {
    expect(storedKey({ metadata })).toBeUndefined();
  });
});
