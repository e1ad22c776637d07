import type { Attestation } from './attestation.ts';
import type { User } from './people.ts';

/** A write that the API server reviews: the new object, and the stored one unless it is a create. */
export interface Wish<T> {
  readonly object: T;
  readonly old?: T;
}

/** The user and the time of a request, and the attestation for both. */
export interface Moment {
  readonly user: User;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly attestation: Pick<Attestation, 'code'>;
  /** Suffix of a generated name. */
  readonly suffix: string;
}

/** Changes of the webhook: fields of spec by name (undefined removes the field), and a generated name. */
export interface Changes {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly name?: string;
  readonly warning?: string;
}

/** The changes, or a refusal with its reason. */
export type Stamped = Changes | { readonly refusal: string };

export const UNCHANGED: Changes = { spec: {} };

/** The name of a new object. Attestations are bound to the name, so `generateName` is resolved here. */
export function nameOf(
  { name, generateName }: { name?: string; generateName?: string },
  suffix: string,
  longest: number,
): string {
  return name || `${(generateName ?? '').slice(0, longest - suffix.length)}${suffix}`;
}
