import type { Json, Parameter } from '../../api/index.ts';
import { spend } from '../expression/index.ts';
import { patternFault, workOfPatterns } from '../expression/regex.ts';
import { coerce } from '../values/coerce.ts';
import { misfit } from '../values/parameters.ts';
import { saysWhich } from '../values/secret-parameters.ts';
import { type Problem, repeated, reserved } from './problem.ts';

/** Parameters: each declared once, with bounds that suit its type and a default that suits both. */
export function parameterProblems(parameters: readonly Parameter[], list = 'spec.parameters'): Problem[] {
  const path = (index: number) => `${list}[${index}].name`;
  const names = parameters.map(({ name }) => name);
  const each = parameters.flatMap((parameter, index) => {
    const at = `${list}[${index}]`;
    return [
      ...defaultProblems(parameter, at),
      ...enumProblems(parameter, at),
      ...rangeProblems(parameter, at),
      ...patternProblems(parameter, at),
      ...allowedProblems(parameter, at),
    ];
  });
  return [...repeated(names, path, 'parameter'), ...reserved(names, path, 'a parameter'), ...each];
}

function defaultProblems(parameter: Parameter, at: string): Problem[] {
  if (parameter.default === undefined) return [];
  const coerced = coerce(parameter.default as Json, parameter.type ?? 'String');
  const problem = 'problem' in coerced ? coerced.problem : misfit(parameter, coerced.value);
  if (problem === undefined) return [];
  const remedy = 'change the default, or the type of the parameter';
  return [{ path: `${at}.default`, message: `the default of "${parameter.name}": ${problem}; ${remedy}` }];
}

function enumProblems({ name, type = 'String', enum: values = [] }: Parameter, at: string): Problem[] {
  return values.flatMap((value, index) => {
    const coerced = coerce(value as Json, type);
    if ('value' in coerced) return [];
    return [{ path: `${at}.enum[${index}]`, message: `a value of "${name}": ${coerced.problem}; change it` }];
  });
}

function rangeProblems({ name, type = 'String', minimum, maximum }: Parameter, at: string): Problem[] {
  const field = minimum === undefined ? 'maximum' : 'minimum';
  if (minimum === undefined && maximum === undefined) return [];
  if (type !== 'Integer' && type !== 'Number') {
    const message = `"${name}" is of type ${type}, which has no ${field}; remove it, or set the type to Integer or Number`;
    return [{ path: `${at}.${field}`, message }];
  }
  if (minimum === undefined || maximum === undefined || minimum <= maximum) return [];
  return [{ path: `${at}.minimum`, message: `minimum ${minimum} of "${name}" is greater than maximum ${maximum}` }];
}

function patternProblems({ name, type = 'String', pattern }: Parameter, at: string): Problem[] {
  if (pattern === undefined) return [];
  const path = `${at}.pattern`;
  if (type !== 'String') {
    return [{ path, message: `"${name}" is of type ${type}, which has no pattern; remove it` }];
  }
  spend(workOfPatterns(pattern));
  const fault = patternFault(pattern);
  return fault === undefined ? [] : [{ path, message: `the pattern of "${name}": ${fault}` }];
}

/** A name of a Secret, or how such names begin: a letter or digit, and a star after whatever follows. */
const SECRET_NAMES = /^[a-z0-9](?:[-a-z0-9.]*(?:[a-z0-9]|\*))?$/;

function allowedProblems({ name, type = 'String', allowed }: Parameter, at: string): Problem[] {
  if (allowed === undefined) return [];
  if (type === 'Secret')
    return allowed.names.flatMap((allowing, index) => namesProblems(allowing, `${at}.allowed.names[${index}]`));
  const message = `"${name}" is of type ${type}, and allowed applies only to Secret; remove it, or use enum`;
  return [{ path: `${at}.allowed`, message }];
}

/** Parameters of a Workflow that no run could give a value: templates have theirs from the definition. */
export function unusableProblems(parameters: readonly Parameter[] = []): Problem[] {
  return parameters.flatMap((parameter, index) => {
    const { name, type, default: own } = parameter;
    if (type !== 'Secret' || own !== undefined || saysWhich(parameter)) return [];
    const message = `"${name}" accepts no Secret; list the Secrets that runs may use in allowed.names, or set a default`;
    return [{ path: `spec.parameters[${index}].allowed`, message }];
  });
}

function namesProblems(allowing: string, path: string): Problem[] {
  if (SECRET_NAMES.test(allowing)) return [];
  const message = `"${allowing.slice(0, 100)}" is not a Secret name or prefix; write a name like db or a prefix like deploy-*`;
  return [{ path, message }];
}
