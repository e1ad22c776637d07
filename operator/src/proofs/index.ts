/**
 * Facts about what the operator itself made: a key that only operators have, and codes made with it. Where they are
 * attached, and what is believed because of them, is said by whoever makes and reads the objects.
 *
 * 1. The key is read, or made where there is no Secret, before this process may lead; a damaged one is never replaced.
 * 2. All replicas have the same key, whether the admission webhook is served or not. It never leaves the process.
 * 3. Each purpose has its own key, derived from the stored one; the `of` of a claim tells the sorts of claims apart.
 */
export { codeOf, isCode, Proofs } from './codes.ts';
export { ProofKey, type ProofKeyOptions } from './proof-key.ts';
export { DamagedKeyError, KEY_BYTES, KEY_FIELD, newKey, storedKey } from './stored-key.ts';
