import type { Json, Parameter, Task } from '../../api/index.ts';
import { hasTemplate, suggestion } from '../expression/index.ts';
import { libraryKey, type ResolvedRef } from '../plan/library.ts';
import { coerce } from '../values/coerce.ts';
import { misfit } from '../values/parameters.ts';
import { namesSecret, saysWhich } from '../values/secret-parameters.ts';
import { fieldPath, type Problem, reserved } from './problem.ts';
import type { Place } from './task.ts';

type Around = Pick<Place, 'path' | 'parameters' | 'library' | 'isGenerated'>;

/** The values that a task gives to a template or a workflow. The parameters of a workflow are known when it is run. */
export function withProblems(task: Task, around: Around): Problem[] {
  const { path, library } = around;
  const { template, workflow } = task;
  const names = Object.keys(task.with ?? {});
  if (template === undefined && workflow === undefined) {
    const message = 'with gives values to a template or a workflow; scripts take theirs by env';
    return task.with === undefined ? [] : [{ path: `${path}.with`, message }];
  }
  const prototypes = reserved(names, (index) => fieldPath(`${path}.with`, names[index] ?? ''), 'a parameter');
  const body = template && library[libraryKey(template as ResolvedRef)];
  if (body === undefined) return prototypes;
  return [...prototypes, ...againstParameters(task.with ?? {}, body.parameters ?? [], around, template?.name)];
}

function againstParameters(
  values: Readonly<Record<string, string>>,
  parameters: readonly Parameter[],
  around: Around,
  template: string | undefined,
): Problem[] {
  const path = `${around.path}.with`;
  const known = parameters.map(({ name }) => name);
  const missing = parameters.filter(
    (parameter) => parameter.default === undefined && !Object.hasOwn(values, parameter.name),
  );
  return [
    ...Object.entries(values).flatMap(([name, text]) => valueProblems(name, text, parameters, fieldPath(path, name))),
    ...missing.map(({ name, type = 'String' }) => ({
      path: fieldPath(path, name),
      message: `the template "${template}" requires the parameter "${name}" (${type}); give it a value`,
    })),
  ];

  function valueProblems(name: string, text: string, all: readonly Parameter[], at: string): Problem[] {
    const parameter = all.find((each) => each.name === name);
    if (parameter === undefined) {
      const message = () =>
        `the template "${template}" has no parameter "${name}"${suggestion(name, known, 'parameter')}`;
      return [{ path: at, message }];
    }
    const problem = valueFault(parameter, text, around);
    return problem === undefined ? [] : [{ path: at, message: `${problem}; give the parameter another value` }];
  }
}

function valueFault(
  parameter: Parameter,
  text: string,
  { parameters, isGenerated = false }: Around,
): string | undefined {
  const isNamed = namesSecret(text, parameters, isGenerated);
  if (hasTemplate(text)) return parameter.type === 'Secret' && !isNamed ? computedFault(parameter) : undefined;
  const coerced = coerce(text as Json, parameter.type ?? 'String');
  return 'problem' in coerced ? coerced.problem : misfit(parameter, coerced.value, isNamed);
}

/** A value that is computed is judged when it is there, and only a parameter that says which Secrets it takes can judge it. */
function computedFault(parameter: Parameter): string | undefined {
  if (saysWhich(parameter)) return undefined;
  return `the Secret of "${parameter.name}" would depend on values; write it as name/key, pass a parameter of type Secret, or list names in allowed.names of the template`;
}
