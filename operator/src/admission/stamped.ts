import type { Attestation } from './attestation.ts';
import type { User } from './people.ts';

/** What is asked of the API server: an object as it is to be, and as it is stored if it is there already. */
export interface Wish<T> {
  readonly object: T;
  readonly old?: T;
}

/** Who asks, when, and what vouches for both. */
export interface Moment {
  readonly user: User;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly attestation: Pick<Attestation, 'code'>;
  /** Ends the name of an object that asks for a generated one. */
  readonly suffix: string;
}

/** What becomes of the wish: fields of spec by name (undefined: taken away), and the name that an object gets. */
export interface Changes {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly name?: string;
  readonly warning?: string;
}

/** Either what is changed, or why nothing is stored. */
export type Stamped = Changes | { readonly refusal: string };

export const UNCHANGED: Changes = { spec: {} };

/** The name of what is created: an attestation is bound to it, so one that is to be generated is generated here. */
export function nameOf(
  { name, generateName }: { name?: string; generateName?: string },
  suffix: string,
  longest: number,
): string {
  return name || `${(generateName ?? '').slice(0, longest - suffix.length)}${suffix}`;
}
