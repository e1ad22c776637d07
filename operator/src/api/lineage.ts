import { z } from 'zod';

/** How many requesters of a lineage are kept; of one that has more, not all are known. */
export const MAX_REQUESTERS = 16;

export const requesters = z
  .array(z.string().min(1).max(253))
  .max(MAX_REQUESTERS)
  .meta({ 'x-kubernetes-list-type': 'atomic' });

/** Who asked for something, and for all that led to it. */
export interface Lineage {
  /** User names, each known by an attestation or as a trigger itself. */
  readonly requesters: readonly string[];
  /** Besides, there is somebody who is not known. */
  readonly unknown: boolean;
}

/** Nobody asked: what counts as touched by no person. */
export const NOBODY: Lineage = { requesters: [], unknown: false };
export const SOMEBODY: Lineage = { requesters: [], unknown: true };

/** Everybody of several lineages. */
export function joined(...lineages: readonly Lineage[]): Lineage {
  const all = [...new Set(lineages.flatMap((each) => each.requesters))];
  const unknown = all.length > MAX_REQUESTERS || lineages.some((each) => each.unknown);
  return { requesters: all.slice(0, MAX_REQUESTERS), unknown };
}
