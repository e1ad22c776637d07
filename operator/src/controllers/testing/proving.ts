import type { Proves } from '../../api/index.ts';
import { Identities } from '../../executors/index.ts';

const PROVING: Proves = {
  code: (claim) => `proof of ${JSON.stringify(claim)}`,
  proves: (code, claim) => code === PROVING.code(claim),
};

/** Proves as the operator does, with a key that is no secret: what a test forges does not know of it. */
export const identities = (): Identities => new Identities(PROVING);
