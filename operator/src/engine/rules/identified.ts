import type { Pass } from '../advance/pass.ts';
import { attemptKey } from '../state/paths.ts';
import { FLAG_PROVEN, isLive } from '../state/state.ts';
import type { Place } from '../state/walk.ts';

/** An attempt that ends sooner is not worth the bytes: until then the process remembers what it saw. */
const WORTH_MS = 10_000;
/** What is more is recorded with a later write. */
const MAX_OBJECTS = 100;

/**
 * A run that was begun before there were proofs: what runs its live attempts now is recorded, and from then on nothing
 * without proof is believed. It is the first event of the first pass, so no attempt is older than what it lists.
 */
export function begunUnproven(pass: Pass): void {
  const { flags } = pass.state;
  if (flags.includes(FLAG_PROVEN)) return;
  pass.emit({ type: 'Identified', objects: unrecorded(pass, () => true), flags: [...flags, FLAG_PROVEN] });
}

/** Records by which objects attempts are run, with whatever is stored anyway. */
export function identified(pass: Pass): void {
  if (pass.events.length === 0 && !pass.observed.records) return;
  const isWorth = ({ unit }: Place) => pass.t - (unit.since ?? pass.t) >= WORTH_MS;
  const objects = unrecorded(pass, isWorth, MAX_OBJECTS);
  if (Object.keys(objects).length > 0) pass.emit({ type: 'Identified', objects });
}

function unrecorded(
  pass: Pass,
  isWorth: (place: Place) => boolean,
  most = Number.POSITIVE_INFINITY,
): { [path: string]: string } {
  const objects: { [path: string]: string } = {};
  let left = most;
  for (const place of pass.places()) {
    const { unit, path } = place;
    if (left <= 0 || !isLive(unit) || unit.object !== undefined || !isWorth(place)) continue;
    const object = pass.observed.objects?.get(attemptKey(path, unit.attempt));
    if (!object) continue;
    objects[path] = object.id;
    left--;
  }
  return objects;
}
