import { shortHash } from '../pods/index.ts';
import { ApiError, isConflict } from '../runtime/index.ts';
import type { RunContext } from './executor.ts';

/** Whoever applied for all tasks before each had a manager of its own. */
const FORMER_MANAGER = 'ado-resource';
/** What the API server takes. */
const MAX_LENGTH = 128;
const MAX_SHOWN = 4;
const MAX_SHOWN_LENGTH = 80;

/**
 * The manager of the fields that a task applies. It is the same in every run, for every item and iteration, so that a
 * task changes what it applied before, and takes away what it does not apply any more.
 */
export function fieldManagerOf({ namespace, workflow }: RunContext, path: string): string {
  const names = path.split('/').map((segment) => segment.replace(/\[.*$/, ''));
  // Digits alone are an iteration: names of tasks begin with a letter.
  const task = names.filter((name) => !/^\d/.test(name)).join('/');
  const name = `ado:${namespace}/${workflow}/${task}`;
  if (name.length <= MAX_LENGTH) return name;
  const suffix = `-${shortHash(name)}`;
  return `${name.slice(0, MAX_LENGTH - suffix.length)}${suffix}`;
}

/** Whether an apply failed for fields alone that an operator of before applied, and so this one may. */
export function isOwnedByFormer(error: unknown): boolean {
  const owners = ownersOf(error);
  return owners.length > 0 && owners.every(({ manager }) => manager === FORMER_MANAGER);
}

/** Which fields others own, in the words of the API server; undefined when the conflict is about no field. */
export function conflictText(error: unknown): string | undefined {
  const owners = ownersOf(error);
  if (owners.length === 0) return undefined;
  const shown = owners.slice(0, MAX_SHOWN).map(({ field, by }) => `${field} (${by})`.slice(0, MAX_SHOWN_LENGTH));
  const more = owners.length > MAX_SHOWN ? ` and ${owners.length - MAX_SHOWN} more` : '';
  return `${shown.join(', ')}${more}`;
}

function ownersOf(error: unknown) {
  if (!(error instanceof ApiError) || !isConflict(error)) return [];
  const causes = (error.details.causes ?? []).filter(({ reason }) => reason === 'FieldManagerConflict');
  return causes.map(({ field = '', message = '' }) => {
    const by = message.replace(/^conflict with /, '');
    return { field, by, manager: /^"([^"]*)"/.exec(by)?.[1] };
  });
}
