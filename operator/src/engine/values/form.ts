import type { FormField, Json } from '../../api/index.ts';
import { withinWork } from '../expression/index.ts';
import { coerce } from './coerce.ts';
import { MAX_MATCHING, misfit } from './parameters.ts';

/** Values in their types, by name; or which of them does not fit, and why. */
export type FilledForm = { values: { [name: string]: Json } } | { problem: string };

type Given = Readonly<Record<string, Json>>;

/** The values that were given, in the declared types. Nothing is said of those that were not. */
export function readForm(form: readonly FormField[] = [], given: Given = {}): FilledForm {
  const problem = 'values: TooComplex: matching them is too expensive; use shorter values or simpler patterns';
  return withinWork(
    () => read(form, given),
    () => ({ problem }),
    MAX_MATCHING,
  );
}

function read(form: readonly FormField[], given: Given): FilledForm {
  const stranger = Object.keys(given).find((name) => !form.some((field) => field.name === name));
  if (stranger !== undefined) {
    const known = form.map(({ name }) => name).join(', ') || 'none';
    return { problem: `values.${stranger}: there is no such value; expected: ${known}` };
  }
  const values: { [name: string]: Json } = {};
  for (const field of form) {
    const text = given[field.name];
    if (text === undefined) continue;
    const coerced = coerce(text, field.type ?? 'String');
    const problem = 'problem' in coerced ? coerced.problem : misfit(field, coerced.value);
    if (problem !== undefined || 'problem' in coerced) return { problem: `values.${field.name}: ${problem}` };
    values[field.name] = coerced.value;
  }
  return { values };
}

/** The values of a whole form: what was given, else the default, else a problem. */
export function fillForm(form: readonly FormField[] = [], given: Given = {}): FilledForm {
  const defaults = form.flatMap((field) => (field.default === undefined ? [] : [[field.name, field.default] as const]));
  const filled = readForm(form, { ...Object.fromEntries(defaults), ...given });
  if ('problem' in filled) return filled;
  const missing = form.find(({ name }) => filled.values[name] === undefined);
  return missing ? { problem: `values.${missing.name}: it is required; give it a value` } : filled;
}
