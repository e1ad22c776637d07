import type { Environment } from '@marcbachmann/cel-js';
import { newLanguage } from './language.ts';
import type { Reference } from './references.ts';
import { ENDED_FIELDS, RUN_FIELDS, type Scope, type ScopeType, SITUATIONAL, type VisibleTask } from './scope.ts';

/** The part of a scope that one expression reads. Many expressions share one, and so their environment. */
export interface Shape {
  readonly parameters: Readonly<Record<string, ScopeType>>;
  readonly tasks: readonly (readonly [string, Typed])[];
  readonly self?: ScopeType;
}

/** What types are made from. */
type Typed = Pick<VisibleTask, 'outputs' | 'any' | 'fannedOut'>;

const CEL_TYPES: Readonly<Record<ScopeType, string>> = {
  String: 'string',
  Integer: 'int',
  Number: 'double',
  Boolean: 'bool',
  List: 'list<dyn>',
  Object: 'map<string, dyn>',
  Any: 'dyn',
};

export function shapeOf(references: readonly Reference[], scope: Scope): Shape {
  // All of them, whichever it reads: an environment takes longer to make than to ask, and most expressions share this.
  const parameters = references.some(({ root }) => root === 'params') ? scope.parameters : {};
  const read = references.filter(({ root }) => root === 'tasks').map(({ path }) => path[0]?.name ?? '');
  const tasks = [...new Set(read)].sort().flatMap((name) => {
    const task = scope.tasks[name];
    if (task === undefined) return [];
    const { outputs, any, fannedOut } = task;
    return [[name, { outputs, ...(any === undefined ? {} : { any }), fannedOut }] as const];
  });
  const judged = scope.self !== undefined && references.some(({ root }) => root === 'self');
  return { parameters, tasks, ...(judged ? { self: scope.self } : {}) };
}

/**
 * An environment that knows the types of a shape. Its types are named by number: cel-js keeps every type name of the
 * process for ever, so names from outside would be a leak.
 */
export function environmentFor(shape: Shape): Environment {
  const environment = newLanguage();
  declare(environment, 'AdoParams', celFields(shape.parameters));
  // Where the run has not ended, names.ts refuses the fields that it has then.
  declare(environment, 'AdoRun', { ...RUN_FIELDS, ...ENDED_FIELDS });
  const tasks: Record<string, string> = {};
  for (const [index, [name, task]] of shape.tasks.entries()) {
    const outputs = task.any === true ? 'dyn' : `AdoOutputs${index}`;
    if (task.any !== true) declare(environment, outputs, celFields(task.outputs));
    // An item that was skipped has no outputs, so null is what `o == null` must be allowed to ask for.
    if (task.fannedOut && task.any !== true) environment.registerOperator(`${outputs} == null: bool`, () => false);
    declare(environment, `AdoTask${index}`, {
      outputs: task.fannedOut ? `list<${outputs}>` : outputs,
      status: 'string',
    });
    tasks[name] = `AdoTask${index}`;
  }
  declare(environment, 'AdoTasks', tasks);
  environment.registerVariable('params', 'AdoParams');
  environment.registerVariable('run', 'AdoRun');
  environment.registerVariable('tasks', 'AdoTasks');
  for (const [name, { type }] of Object.entries(SITUATIONAL)) {
    environment.registerVariable(name, name === 'self' ? CEL_TYPES[shape.self ?? 'Any'] : type);
  }
  return environment;
}

/** A type for checking only: no value of it is ever made, so its class is a formality of cel-js. */
function declare(environment: Environment, name: string, fields: Record<string, string>): void {
  environment.registerType(name, { ctor: class {}, fields });
}

function celFields(types: Readonly<Record<string, ScopeType>>): Record<string, string> {
  return Object.fromEntries(Object.entries(types).map(([name, type]) => [name, CEL_TYPES[type]]));
}
