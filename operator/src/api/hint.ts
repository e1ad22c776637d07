import { appended } from './stop-order.ts';

/** What may have gone wrong in an attempt that succeeded, in the word that it has where it is the reason of a failure. */
export type Hint = 'OOMKilled';

/** What a hint says to people, as the end of a sentence. */
export const HINTS: Readonly<Record<Hint, string>> = {
  OOMKilled:
    'a process of the container was killed because the container reached its memory limit; raise resources.limits.memory',
};

/** A failure whose message, of at most `maxLength` characters, ends with the hint, if there is one. */
export function withHint<F extends { readonly message: string }>(
  failure: F,
  hint: Hint | undefined,
  maxLength: number,
): F {
  return hint ? { ...failure, message: appended(failure.message, HINTS[hint], maxLength) } : failure;
}
