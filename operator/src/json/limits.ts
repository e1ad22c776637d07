import { type Key, places } from './places.ts';

/** How far whole numbers are exact, in either direction: 2^53 - 1. */
export const WHOLE_LIMIT = Number.MAX_SAFE_INTEGER;

/** A number that may not be the one that was written, and the keys that lead to it. */
export interface Inexact {
  readonly value: number;
  readonly path: readonly Key[];
}

/** The first whole number in a parsed value that is beyond the limit. */
export function findInexact(whole: unknown): Inexact | undefined {
  for (const { value, path } of places(whole)) {
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return { value, path: path() };
    }
  }
  return undefined;
}
