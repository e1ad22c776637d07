import type { FormField, Json } from '../api/index.ts';
import { coerce, misfit } from '../engine/index.ts';

type Values = Readonly<Record<string, string>>;

/** Why values do not fill in a form, with the place and the remedy; nothing if they do. */
export function formProblem(form: readonly FormField[] = [], values: Values = {}): string | undefined {
  const known = form.map(({ name }) => name).join(', ') || 'none';
  const stranger = Object.keys(values).find((name) => !form.some((field) => field.name === name));
  if (stranger !== undefined) return `spec.values.${stranger}: there is no such value; asked for: ${known}`;
  for (const field of form) {
    const problem = fieldProblem(field, values[field.name] ?? field.default);
    if (problem !== undefined) return `spec.values.${field.name}: ${problem}`;
  }
  return undefined;
}

function fieldProblem(field: FormField, text: string | undefined): string | undefined {
  if (text === undefined) return `it is required; give it as text: {"spec":{"values":{"${field.name}":"..."}}}`;
  const coerced = coerce(text as Json, field.type ?? 'String');
  return 'problem' in coerced ? coerced.problem : misfit(field, coerced.value);
}
