import type { Json, Parameter } from '../../api/index.ts';
import { utf8Length } from '../../json/index.ts';
import { spend, withinWork } from '../expression/index.ts';
import { linearMatches, patternFault, workOfPatterns } from '../expression/regex.ts';
import { coerce, coercePinned } from './coerce.ts';
import { canonicalJson } from './digest.ts';
import { saysWhich, secretFault } from './secret-parameters.ts';

/** The parameters of a run live in its state, so they are bounded together. */
export const MAX_PARAMETER_BYTES = 32 * 1024;

/** Work of matching the values of one run against the patterns of its parameters. */
export const MAX_MATCHING = 100_000;

export type ResolvedParameters = { values: { [name: string]: Json } } | { problem: string };
/** Values by name; `isNamed` is one of a Secret that the definition itself names, and nobody else. */
type Given = readonly { name: string; value: string; isNamed?: boolean }[];

/** The parameters whose value is elsewhere, because a run gives none. */
export function parametersToRead(declared: readonly Parameter[] = [], given: Given = []): Parameter[] {
  return declared.filter(({ name, valueFrom }) => valueFrom && !given.some((value) => value.name === name));
}

/**
 * The values of a run's parameters, in the declared types: what it was given, else what was read for it, else the
 * default.
 */
export function resolveParameters(
  declared: readonly Parameter[] = [],
  given: Given = [],
  read: ReadonlyMap<string, string> = new Map(),
): ResolvedParameters {
  return withinWork(
    () => resolved(declared, given, read),
    () => ({
      problem:
        'spec.parameters: TooComplex: matching the values is too expensive; use shorter values or simpler patterns',
    }),
    MAX_MATCHING,
  );
}

function resolved(declared: readonly Parameter[], given: Given, read: ReadonlyMap<string, string>): ResolvedParameters {
  const stranger = given.find(({ name }) => !declared.some((parameter) => parameter.name === name));
  if (stranger) {
    const known = declared.map(({ name }) => name).join(', ') || 'none';
    return { problem: `spec.parameters: "${stranger.name}" is not a parameter of the workflow; it has: ${known}` };
  }
  const values: { [name: string]: Json } = {};
  for (const parameter of declared) {
    const { name } = parameter;
    const own = given.find((value) => value.name === name);
    const text = own?.value ?? read.get(name);
    const value = text ?? (parameter.default as Json | undefined);
    if (value === undefined) return { problem: `spec.parameters: "${name}" is required; give it a value` };
    const { type = 'String' } = parameter;
    const coerced = text === undefined ? coercePinned(value, type) : coerce(value, type);
    const problem = 'problem' in coerced ? coerced.problem : misfit(parameter, coerced.value, own?.isNamed);
    if (problem !== undefined || 'problem' in coerced) return { problem: `spec.parameters: "${name}": ${problem}` };
    values[name] = coerced.value;
  }
  if (utf8Length(JSON.stringify(values)) > MAX_PARAMETER_BYTES) {
    return {
      problem: `spec.parameters: all values together exceed ${MAX_PARAMETER_BYTES} bytes; pass a reference instead`,
    };
  }
  return { values };
}

/** What a parameter says its value must be, beyond its type. */
type Bounds = Pick<Parameter, 'type' | 'enum' | 'minimum' | 'maximum' | 'pattern' | 'default' | 'allowed'>;

/**
 * Why a value of the right type does not suit the parameter all the same; nothing if it does. A Secret that the definition
 * names suits one that does not say which it takes.
 */
export function misfit(parameter: Bounds, value: Json, isNamed = false): string | undefined {
  const { minimum, maximum, pattern } = parameter;
  const shown = JSON.stringify(value).slice(0, 100);
  if (parameter.enum && !isAmong(value, choices(parameter))) {
    const known = parameter.enum.map((choice) => JSON.stringify(choice)).join(', ');
    return `${shown} is not one of its values: ${known.slice(0, 500)}`;
  }
  if (parameter.type === 'Secret') return isNamed && !saysWhich(parameter) ? undefined : secretFault(parameter, value);
  if (typeof value === 'number' && minimum !== undefined && value < minimum) {
    return `${shown} is less than ${minimum}, its minimum`;
  }
  if (typeof value === 'number' && maximum !== undefined && value > maximum) {
    return `${shown} is more than ${maximum}, its maximum`;
  }
  if (pattern !== undefined) spend(workOfPatterns(pattern));
  const isChecked = typeof value === 'string' && pattern !== undefined && patternFault(pattern) === undefined;
  return isChecked && !linearMatches(value, pattern) ? `${shown} does not match ${pattern}` : undefined;
}

function isAmong(value: Json, values: readonly Json[]): boolean {
  const text = canonicalJson(value);
  return values.some((each) => canonicalJson(each) === text);
}

/** The values of an enum in the type of the parameter. */
function choices({ type = 'String', enum: values = [] }: Bounds): Json[] {
  return values.flatMap((value) => {
    const coerced = coercePinned(value as Json, type);
    return 'value' in coerced ? [coerced.value] : [];
  });
}
