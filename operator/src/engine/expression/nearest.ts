const LISTED = 10;

/** Edits (insert, delete, replace) between two short names. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** The names, the most alike first; names that are equally alike keep the order of the alphabet. */
export function byLikeness(name: string, known: Iterable<string>): string[] {
  const probe = name.slice(0, 64).toLowerCase();
  return [...known]
    .map((candidate) => ({ candidate, edits: distance(probe, candidate.slice(0, 64).toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1))
    .map(({ candidate }) => candidate);
}

/** The one name that was probably meant, or nothing when none is near. */
export function probablyMeant(name: string, known: Iterable<string>): string | undefined {
  const [best] = byLikeness(name, known);
  if (best === undefined) return undefined;
  const near = distance(name.slice(0, 64).toLowerCase(), best.slice(0, 64).toLowerCase());
  const alike = near <= Math.max(1, Math.min(3, Math.floor(Math.min(name.length, best.length) / 2)));
  return alike || best.startsWith(name) || name.startsWith(best) ? best : undefined;
}

/** The end of a sentence about an unknown name: what was probably meant, else what there is. */
export function suggestion(name: string, known: Iterable<string>, what: string): string {
  const names = [...known];
  if (names.length === 0) return `; there is no ${what}`;
  const sorted = byLikeness(name, names);
  const rest = sorted.length > LISTED ? `, and ${sorted.length - LISTED} more` : '';
  const listed = `known: ${sorted.slice(0, LISTED).join(', ')}${rest}`;
  const meant = probablyMeant(name, names);
  return meant === undefined ? `; ${listed}` : `; did you mean "${meant}"? (${listed})`;
}
