import type { Json, Parameter } from '../../api/index.ts';
import { hasTemplate, type Scope, suggestion, templateFindings } from '../expression/index.ts';
import { coerce } from '../values/coerce.ts';
import { misfit } from '../values/parameters.ts';
import { fieldPath, inExpression, type Problem } from './problem.ts';

type Values = Readonly<Record<string, string>>;

/**
 * The values that a trigger gives to the run that it makes: each for a parameter of the workflow, and one for every
 * parameter that has no other.
 */
export function triggerValueProblems(
  values: Values = {},
  parameters: readonly Parameter[] = [],
  path: string,
  scope: Scope,
): Problem[] {
  const missing = parameters.filter(
    (parameter) =>
      parameter.default === undefined && parameter.valueFrom === undefined && !Object.hasOwn(values, parameter.name),
  );
  return [
    ...Object.entries(values).flatMap(([name, text]) => {
      const problems = inExpression(fieldPath(path, name), text, templateFindings(text, scope));
      return problems.length > 0 ? problems : valueProblems(name, text, parameters, fieldPath(path, name));
    }),
    ...missing.map(({ name, type = 'String' }) => ({
      path: fieldPath(path, name),
      message: `the workflow requires the parameter "${name}" (${type}); give it a value, or a default`,
    })),
  ];
}

function valueProblems(name: string, text: string, parameters: readonly Parameter[], path: string): Problem[] {
  const parameter = parameters.find((each) => each.name === name);
  if (parameter === undefined) {
    const known = parameters.map((each) => each.name);
    return [{ path, message: () => `the workflow has no parameter "${name}"${suggestion(name, known, 'parameter')}` }];
  }
  if (hasTemplate(text)) return secretProblems(parameter, path);
  const coerced = coerce(text as Json, parameter.type ?? 'String');
  const problem = 'problem' in coerced ? coerced.problem : misfit(parameter, coerced.value);
  return problem === undefined ? [] : [{ path, message: `${problem}; give the parameter another value` }];
}

/** Who makes a trigger go off must not choose what is read. */
function secretProblems({ name, type }: Parameter, path: string): Problem[] {
  if (type !== 'Secret') return [];
  return [{ path, message: `the Secret of "${name}" cannot come from outside; write it as name/key` }];
}
