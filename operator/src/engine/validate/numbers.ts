import { pathOf } from '../../api/index.ts';
import { findInexact } from '../../json/index.ts';
import { inexactness } from '../values/coerce.ts';
import type { Problem } from './problem.ts';

/**
 * The first whole number of a task, or of defaults, that the API server has handed on and that is not exact here: in an
 * item, in a manifest, wherever a field takes any JSON. It would run as another number.
 */
export function numberProblems(of: object, path: string): Problem[] {
  const found = findInexact(of);
  return found === undefined ? [] : [{ path: pathOf(found.path, path), message: inexactness(found.value) }];
}
