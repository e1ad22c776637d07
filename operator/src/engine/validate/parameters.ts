import type { Json, Parameter } from '../../api/index.ts';
import { coerce } from '../coerce.ts';
import { type Problem, repeated, reserved } from './problem.ts';

/** Parameters: each declared once, with a default that fits its type. */
export function parameterProblems(parameters: readonly Parameter[]): Problem[] {
  const path = (index: number) => `spec.parameters[${index}].name`;
  const names = parameters.map(({ name }) => name);
  const defaults = parameters.flatMap((parameter, index) => defaultProblems(parameter, index));
  return [...repeated(names, path, 'parameter'), ...reserved(names, path, 'a parameter'), ...defaults];
}

function defaultProblems(parameter: Parameter, index: number): Problem[] {
  if (parameter.default === undefined) return [];
  const coerced = coerce(parameter.default as Json, parameter.type ?? 'String');
  if ('value' in coerced) return [];
  const message = `the default of "${parameter.name}": ${coerced.problem}; change the default, or the type of the parameter`;
  return [{ path: `spec.parameters[${index}].default`, message }];
}
