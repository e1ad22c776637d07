import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Claimed, Proves } from '../api/index.ts';
import { canonicalJson } from '../engine/index.ts';

/** HMAC-SHA256 over the canonical JSON of a claim, base64url. */
export function codeOf(key: Uint8Array, claim: Claimed): string {
  return createHmac('sha256', key).update(canonicalJson(claim)).digest('base64url');
}

/** Compares in a time that does not tell how much of a code is right. */
export function isCode(given: string | undefined, wanted: string): boolean {
  if (given === undefined) return false;
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The key for one purpose, from the key that is stored: a code for one purpose is none for another. */
export function keyFor(purpose: string, stored: Uint8Array): Uint8Array {
  return createHmac('sha256', stored).update(`key for ${purpose}`).digest();
}

/** Makes and judges the proofs of what the operator itself made. */
export class Proofs implements Proves {
  readonly #stored: () => Uint8Array;
  #derived: { readonly from: Uint8Array; readonly key: Uint8Array } | undefined;

  /** `stored` is asked at each use: the key may be read only after this was made. */
  constructor(stored: () => Uint8Array) {
    this.#stored = stored;
  }

  code(claim: Claimed): string {
    return codeOf(this.#key(), claim);
  }

  proves(code: string | undefined, claim: Claimed): boolean {
    return code !== undefined && isCode(code, this.code(claim));
  }

  #key(): Uint8Array {
    const from = this.#stored();
    if (this.#derived?.from !== from) this.#derived = { from, key: keyFor('proofs', from) };
    return this.#derived.key;
  }
}
