import type { Json, Parameter } from '../api/index.ts';
import { coerce } from './coerce.ts';
import { utf8Length } from './outputs.ts';

/** The parameters of a run live in its state, so they are bounded together. */
export const MAX_PARAMETER_BYTES = 32 * 1024;

export type ResolvedParameters = { values: { [name: string]: Json } } | { problem: string };

/** The values of a run's parameters: what it was given, else the default, in the declared types. */
export function resolveParameters(
  declared: readonly Parameter[] = [],
  given: readonly { name: string; value: string }[] = [],
): ResolvedParameters {
  const stranger = given.find(({ name }) => !declared.some((parameter) => parameter.name === name));
  if (stranger) {
    const known = declared.map(({ name }) => name).join(', ') || 'none';
    return { problem: `spec.parameters: "${stranger.name}" is not a parameter of the workflow; it has: ${known}` };
  }
  const values: { [name: string]: Json } = {};
  for (const parameter of declared) {
    const value = given.find(({ name }) => name === parameter.name)?.value ?? (parameter.default as Json | undefined);
    if (value === undefined) return { problem: `spec.parameters: "${parameter.name}" is required; give it a value` };
    const coerced = coerce(value, parameter.type ?? 'String');
    if ('problem' in coerced) return { problem: `spec.parameters: "${parameter.name}": ${coerced.problem}` };
    values[parameter.name] = coerced.value;
  }
  if (utf8Length(JSON.stringify(values)) > MAX_PARAMETER_BYTES) {
    return {
      problem: `spec.parameters: all values together exceed ${MAX_PARAMETER_BYTES} bytes; hand over a reference instead`,
    };
  }
  return { values };
}
