import { Identities } from '../../executors/index.ts';
import { testProofs } from './proofs.ts';

/** Proves as the operator does, with a key that is no secret: what a test forges does not know of it. */
export const identities = (): Identities => new Identities(testProofs());
