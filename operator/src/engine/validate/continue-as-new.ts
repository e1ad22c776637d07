import type { Definition } from '../../api/index.ts';
import { suggestion, templateFindings } from '../expression/index.ts';
import type { Library } from '../plan/visible.ts';
import { boundToItsRun } from '../state/chain.ts';
import { parameterTypes } from '../values/parameter-types.ts';
import { plain } from './expressions.ts';
import { fieldPath, inExpression, type Problem } from './problem.ts';
import { scopeOfAll } from './scopes.ts';

const PATH = 'spec.continueAsNew';

/** Whether a run can continue as a new one as it is asked to: its expressions see all tasks, which have ended by then. */
export function continueProblems(definition: Definition, library: Library): Problem[] {
  const { continueAsNew, parameters = [], tasks, finally: last = [] } = definition;
  if (continueAsNew === undefined) return [];
  const { when, with: texts = {}, afterEvents } = continueAsNew;
  const scope = { ...scopeOfAll(parameterTypes(parameters), [...tasks, ...last], library), ended: true };
  const names = parameters.map(({ name }) => name);
  const bound = afterEvents === undefined ? undefined : boundToItsRun(definition);
  return [
    ...plain(`${PATH}.when`, when, scope, 'Boolean'),
    ...(when === undefined && Object.keys(texts).length > 0
      ? [{ path: `${PATH}.with`, message: 'with is for the run that `when` asks for; give it when' }]
      : []),
    ...Object.entries(texts).flatMap(([name, text]) => [
      ...(names.includes(name) ? [] : [stranger(name, names)]),
      ...inExpression(fieldPath(`${PATH}.with`, name), text, templateFindings(text, scope)),
    ]),
    ...(bound === undefined
      ? []
      : [{ path: `${PATH}.afterEvents`, message: `the run cannot continue as a new one: ${bound}` }]),
  ];
}

function stranger(name: string, names: readonly string[]): Problem {
  const message = () => `"${name}" is not a parameter of the workflow${suggestion(name, names, 'parameter')}`;
  return { path: fieldPath(`${PATH}.with`, name), message };
}
