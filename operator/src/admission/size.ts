/**
 * Maximum of values in an object: above the largest definition that validates in time, and counted within tens of ms.
 */
export const MAX_VALUES = 50_000;
/** Far above the depth of our kinds and of pods; JSON Schemas within parameters are the deepest. */
export const MAX_DEPTH = 200;

/** A value and the path to it. */
interface Place {
  readonly value: object;
  readonly depth: number;
  readonly key: string;
  readonly parent: Place | undefined;
}

/**
 * Why an object is too large to be read; undefined if it is not. Objects of a review have up to 3 MB and are not
 * validated against their schema yet, so their values are counted first, without recursion. Managed fields do not
 * count.
 */
export function sizeProblem(object: object): string | undefined {
  const places: Place[] = [{ value: object, depth: 0, key: '', parent: undefined }];
  let values = 0;
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    if (place.depth > MAX_DEPTH) return `${pathOf(place)}: nested deeper than ${MAX_DEPTH} levels; ${REMEDY}`;
    // `for…in` stops at the limit without listing all keys.
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

const REMEDY = 'TooComplex: make it smaller, or move parts into templates or child workflows';
/** Names of a path that are shown; deeper ones are omitted. */
const MAX_NAMES = 4;
const MAX_NAME = 60;

function pathOf(place: Place): string {
  const names: string[] = [];
  for (let at: Place | undefined = place; at?.parent !== undefined; at = at.parent) names.push(at.key);
  const shown = names.reverse().slice(0, MAX_NAMES);
  return shown.map((name) => name.slice(0, MAX_NAME)).join('.') || 'the object';
}
