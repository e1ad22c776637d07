/** When an attempt ended, seen from the order to stop it. */
export type EndedWhen = 'Before' | 'SameSecond' | 'After' | 'Unknown';

/**
 * Compares the end of an attempt with the order to stop it, both in epoch milliseconds. Nodes write whole seconds, so an end
 * without a fraction lies somewhere in its second. A time that is not given is unknown.
 */
export function endedWhen(ended: number | undefined, ordered: number | undefined): EndedWhen {
  if (ended === undefined || ordered === undefined) return 'Unknown';
  const second = Math.floor(ordered / 1000) * 1000;
  if (ended % 1000 !== 0) return ended < ordered ? 'Before' : 'After';
  if (ended < second) return 'Before';
  return ended === second ? 'SameSecond' : 'After';
}

/** Why a success does not count after an order to stop, as the end of a sentence. */
export const WHY_NO_SUCCESS: Readonly<Record<EndedWhen, string>> = {
  Before: 'it ended successfully, but it was told to stop',
  SameSecond:
    'it ended successfully in the second in which it was told to stop; the stop counts because the clocks cannot tell which came first',
  After: 'it ended successfully, but only after it was told to stop',
  Unknown: 'it ended successfully, but nothing shows that this was before it was told to stop',
};

/** Adds the end of a sentence to a message of bounded length, and cuts the message rather than what is added. */
export function appended(message: string, addition: string, maxLength: number): string {
  const end = message === '' ? addition : `; ${addition}`;
  return `${message.slice(0, Math.max(0, maxLength - end.length))}${end}`.slice(0, maxLength);
}
