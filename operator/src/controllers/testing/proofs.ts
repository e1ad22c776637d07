/** Proofs for tests, by a key that nobody else has. */
import { createHmac } from 'node:crypto';
import type { Claimed, Proves } from '../../api/index.ts';
import { canonicalJson } from '../../engine/index.ts';

export function testProofs(key = 'a key'): Proves {
  const code = (claim: Claimed) => createHmac('sha256', key).update(canonicalJson(claim)).digest('base64url');
  return { code, proves: (given, claim) => given === code(claim), unguessable: (claim) => [code(claim)] };
}
