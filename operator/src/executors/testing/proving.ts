import type { Proves } from '../../api/index.ts';
import { Identities } from '../identity.ts';

/** Proves as the operator does, with a key that is no secret: what a test forges does not know of it. */
export const PROVING: Proves = {
  code: (claim) => `proof of ${JSON.stringify(claim)}`,
  proves: (code, claim) => code === PROVING.code(claim),
  unguessable: (claim) => [PROVING.code(claim)],
};

export const identities = (): Identities => new Identities(PROVING);
