/**
 * Proof keys, which only operators hold, and the codes by which operators recognize their own objects. The rooms that
 * write and read the objects decide where codes are stored and what they prove.
 *
 * 1. The keys are read, or the first one is created, before this process can lead; a damaged key is never replaced.
 * 2. All replicas have the same keys, with or without the admission webhook. Keys never leave the process, except to
 *    the Secret.
 * 3. A code names its key. A new key is stored every 90 days, a day before its first use; old keys stay valid for
 *    almost two years.
 * 4. Each purpose has its own key, derived from the stored one; the `of` of a claim distinguishes the kinds of claims.
 */
export { Proofs, type ProofsOptions, type Purpose } from './codes.ts';
export { ProofKeys, type ProofKeysOptions } from './proof-keys.ts';
export type { StoredKey } from './rotation.ts';
export { DamagedKeyError } from './stored-keys.ts';
