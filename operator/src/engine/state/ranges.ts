/** Sets of small integers as sorted, disjoint, inclusive ranges: thousands of finished items in a few bytes. */
export type Ranges = [from: number, to: number][];

/** Adds one number, in place; adding it twice changes nothing. */
export function addToRanges(ranges: Ranges, n: number): void {
  let at = ranges.length;
  while (at > 0 && ranges[at - 1]![0] > n) at--;
  const left = ranges[at - 1];
  const right = ranges[at];
  if (left && n <= left[1]) return;
  const joinsLeft = left !== undefined && left[1] === n - 1;
  const joinsRight = right !== undefined && right[0] === n + 1;
  if (joinsLeft && joinsRight) {
    left[1] = right[1];
    ranges.splice(at, 1);
    return;
  }
  if (joinsLeft) left[1] = n;
  if (joinsRight) right[0] = n;
  if (!joinsLeft && !joinsRight) ranges.splice(at, 0, [n, n]);
}

export function sizeOfRanges(ranges: Ranges): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

export function inRanges(ranges: Ranges, n: number): boolean {
  return ranges.some(([from, to]) => from <= n && n <= to);
}

/** The first number from `n` on that is in none of these sets. */
export function firstOutside(n: number, sets: readonly Ranges[]): number {
  for (let next = n; ; next++) if (!sets.some((set) => inRanges(set, next))) return next;
}

/** `0-99,101`, or the empty string. */
export function formatRanges(ranges: Ranges): string {
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

export function parseRanges(text: string): Ranges {
  if (text === '') return [];
  return text.split(',').map((part) => {
    const [from, to] = part.split('-').map(Number);
    return [from!, to ?? from!];
  });
}
