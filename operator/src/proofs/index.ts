/**
 * Facts about what the operator itself made: keys that only operators have, and codes made with them. Where they are
 * attached, and what is believed because of them, is said by whoever makes and reads the objects.
 *
 * 1. The keys are read, or one is made where there is no Secret, before this process may lead; a damaged one is never
 *    replaced.
 * 2. All replicas have the same keys, whether the admission webhook is served or not. They never leave the process.
 * 3. A code names the key that made it. Another key comes every 90 days, a day before it is used; those of almost two
 *    years before are kept, and what they vouched for is believed.
 * 4. Each purpose has its own key, derived from the stored one; the `of` of a claim tells the sorts of claims apart.
 */
export { Proofs, type ProofsOptions, type Purpose } from './codes.ts';
export { ProofKeys, type ProofKeysOptions } from './proof-keys.ts';
export type { StoredKey } from './rotation.ts';
export { DamagedKeyError } from './stored-keys.ts';
