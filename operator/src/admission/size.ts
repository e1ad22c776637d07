/** Values in an object: more than any that can be judged in time has, and few enough to be read in some tens of ms. */
export const MAX_VALUES = 50_000;
/** Far more than our kinds and pods have; JSON Schemas within parameters are the deepest. */
export const MAX_DEPTH = 200;

/** A value, and how it is come to. */
interface Place {
  readonly value: object;
  readonly depth: number;
  readonly key: string;
  readonly parent: Place | undefined;
}

/**
 * Why an object is too large to be looked at; nothing if it is not. What the API server asks about has at most 3 MB and is
 * not held against its schema yet, so what is in it is counted before anything else is done with it, and without recursion.
 * Fields that the API server manages are left out.
 */
export function sizeProblem(object: object): string | undefined {
  const places: Place[] = [{ value: object, depth: 0, key: '', parent: undefined }];
  let values = 0;
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    if (place.depth > MAX_DEPTH) return `${pathOf(place)}: it is nested deeper than ${MAX_DEPTH}; ${REMEDY}`;
    // Keys are not all listed where there are too many of them.
    for (const key in place.value) {
      values++;
      if (values > MAX_VALUES) return `${pathOf(place)}: the object has more than ${MAX_VALUES} values; ${REMEDY}`;
      const value: unknown = (place.value as Record<string, unknown>)[key];
      if (typeof value !== 'object' || value === null || isManaged(place, key)) continue;
      places.push({ value, depth: place.depth + 1, key, parent: place });
    }
  }
  return undefined;
}

const isManaged = ({ key: parent, depth }: Place, key: string): boolean =>
  key === 'managedFields' && parent === 'metadata' && depth === 1;

const REMEDY = 'TooComplex: use less of it, or move parts into templates or child workflows';
/** Names on the way to what is told; what lies deeper is left out. */
const MAX_NAMES = 4;
const MAX_NAME = 60;

function pathOf(place: Place): string {
  const names: string[] = [];
  for (let at: Place | undefined = place; at?.parent !== undefined; at = at.parent) names.push(at.key);
  const shown = names.reverse().slice(0, MAX_NAMES);
  return shown.map((name) => name.slice(0, MAX_NAME)).join('.') || 'the object';
}
