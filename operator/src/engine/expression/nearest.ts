const LISTED = 10;
/** Characters of a name that are compared. */
const COMPARED = 64;
/** Edits beyond which two names have nothing to do with each other. */
const MOST_EDITS = 3;
/** Names that are compared with one that is unknown. */
const MOST_KNOWN = 1_000;

/** How much comparing was done, in cells; for tests, which count work where time would depend on the machine. */
export const compared = { cells: 0 };

/** Edits (insert, delete, replace) between two short names, or one more than MOST_EDITS. */
function distance(a: string, b: string): number {
  const far = MOST_EDITS + 1;
  if (Math.abs(a.length - b.length) > MOST_EDITS) return far;
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = nextRow(previous, i, a, b);
    if (Math.min(...current) > MOST_EDITS) return far;
    previous = current;
  }
  return Math.min(previous[b.length] ?? far, far);
}

/** Only cells beside the diagonal can hold a small number of edits. */
function nextRow(previous: readonly number[], i: number, a: string, b: string): number[] {
  const far = MOST_EDITS + 1;
  const current = new Array<number>(b.length + 1).fill(far);
  if (i <= MOST_EDITS) current[0] = i;
  const last = Math.min(b.length, i + MOST_EDITS);
  for (let j = Math.max(1, i - MOST_EDITS); j <= last; j++) {
    compared.cells++;
    const replaced = (previous[j - 1] ?? far) + (a[i - 1] === b[j - 1] ? 0 : 1);
    current[j] = Math.min(replaced, (previous[j] ?? far) + 1, (current[j - 1] ?? far) + 1);
  }
  return current;
}

interface Likeness {
  readonly candidate: string;
  readonly edits: number;
}

function likenesses(name: string, known: Iterable<string>): Likeness[] {
  const probe = name.slice(0, COMPARED).toLowerCase();
  return [...known]
    .slice(0, MOST_KNOWN)
    .map((candidate) => ({ candidate, edits: distance(probe, candidate.slice(0, COMPARED).toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1));
}

/** The names, the most alike first; names that are equally alike, or not at all, keep the order of the alphabet. */
export function byLikeness(name: string, known: Iterable<string>): string[] {
  return likenesses(name, known).map(({ candidate }) => candidate);
}

/** The one name that was probably meant, or nothing when none is near. */
export function probablyMeant(name: string, known: Iterable<string>): string | undefined {
  return meantOf(name, likenesses(name, known)[0]);
}

function meantOf(name: string, best: Likeness | undefined): string | undefined {
  if (best === undefined) return undefined;
  const { candidate, edits } = best;
  const alike = edits <= Math.max(1, Math.min(MOST_EDITS, Math.floor(Math.min(name.length, candidate.length) / 2)));
  return alike || candidate.startsWith(name) || name.startsWith(candidate) ? candidate : undefined;
}

/** The end of a sentence about an unknown name: what was probably meant, else what there is. */
export function suggestion(name: string, known: Iterable<string>, what: string): string {
  const names = [...known];
  if (names.length === 0) return `; there is no ${what}`;
  const sorted = likenesses(name, names);
  const rest = names.length > LISTED ? `, and ${names.length - LISTED} more` : '';
  const listed = `known: ${sorted
    .slice(0, LISTED)
    .map(({ candidate }) => candidate)
    .join(', ')}${rest}`;
  const meant = meantOf(name, sorted[0]);
  return meant === undefined ? `; ${listed}` : `; did you mean "${meant}"? (${listed})`;
}
