import { Proofs, type StoredKey } from '../../proofs/index.ts';
import { Attestation } from '../attestation.ts';

/** Attests with a key of 32 such bytes, as the webhook does. */
export function attesting(byte: number): Attestation {
  const keys: readonly StoredKey[] = [{ key: new Uint8Array(32).fill(byte), from: 0 }];
  return new Attestation(new Proofs({ keys: () => keys, purpose: 'attestations', now: () => 0 }));
}
