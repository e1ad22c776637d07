import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Claimed, Proves } from '../api/index.ts';
import { canonicalJson } from '../engine/index.ts';
import { currentKey, idOf, type StoredKey } from './rotation.ts';

/** What a code covers: objects that the operator made (proofs), or facts about people (attestations). */
export type Purpose = 'proofs' | 'attestations';

export interface ProofsOptions {
  /** The keys, the newest first. Called at each use, because they are read later and rotate. */
  readonly keys: () => readonly StoredKey[];
  readonly purpose: Purpose;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

interface Derived {
  readonly id: string;
  readonly key: Uint8Array;
  /** The key of codes without an id. */
  readonly unnamed: Uint8Array;
}

/** A code is the id of its key, a dot, and HMAC-SHA256 over the canonical JSON of the claim, base64url. */
const NAMED = /^([\w-]{6})\.(.*)$/s;

/** Makes and verifies codes for one purpose. Each purpose has its own key, derived from the stored one. */
export class Proofs implements Proves {
  readonly #options: ProofsOptions;
  readonly #derived = new WeakMap<StoredKey, Derived>();

  constructor(options: ProofsOptions) {
    this.#options = options;
  }

  code(claim: Claimed): string {
    const { keys, now } = this.#options;
    const current = currentKey(keys(), now());
    if (current === undefined) throw new Error('there is no proof key yet');
    const { id, key } = this.#derive(current);
    return `${id}.${macOf(key, claim)}`;
  }

  /** Verifies a code with the key that it names. A code without an id is older than ids and uses the oldest key. */
  proves(code: string | undefined, claim: Claimed): boolean {
    const keys = this.#options.keys();
    if (code === undefined) return false;
    const [, id, mac] = NAMED.exec(code) ?? [];
    if (mac === undefined) {
      const oldest = keys.at(-1);
      return oldest !== undefined && isSame(code, macOf(this.#derive(oldest).unnamed, claim));
    }
    return keys.some((stored) => {
      const derived = this.#derive(stored);
      return derived.id === id && isSame(mac, macOf(derived.key, claim));
    });
  }

  unguessable(claim: Claimed): readonly string[] {
    return this.#options.keys().map((stored) => macOf(this.#derive(stored).key, claim));
  }

  #derive(stored: StoredKey): Derived {
    const known = this.#derived.get(stored);
    if (known !== undefined) return known;
    const key = keyFor(this.#options.purpose, stored.key);
    // Before codes had ids, attestations used the stored key itself.
    const unnamed = this.#options.purpose === 'attestations' ? stored.key : key;
    const derived = { id: idOf(stored.key), key, unnamed };
    this.#derived.set(stored, derived);
    return derived;
  }
}

function macOf(key: Uint8Array, claim: Claimed): string {
  return createHmac('sha256', key).update(canonicalJson(claim)).digest('base64url');
}

/** Compares in constant time. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Derives the key for one purpose from the stored key, so that a code for one purpose is invalid for another. */
function keyFor(purpose: Purpose, stored: Uint8Array): Uint8Array {
  return createHmac('sha256', stored).update(`key for ${purpose}`).digest();
}
