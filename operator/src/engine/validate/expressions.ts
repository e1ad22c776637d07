import type { Task, TaskDefaults, WorkflowSpec } from '../../api/index.ts';
import { checkExpression, checkTemplate, type Scope, taskReferences } from '../expression/index.ts';
import { fieldPath, inExpression, type Problem } from './problem.ts';
import { scopeOfDefaults, scopesOf } from './scopes.ts';

/** Every expression and template of a definition, type-checked in the scope where it is evaluated. */
export function expressionProblems(spec: Pick<WorkflowSpec, 'parameters' | 'tasks' | 'defaults'>): Problem[] {
  const scopeOf = scopesOf(spec);
  const tasks = spec.tasks.flatMap((task, index) => taskProblems(task, `spec.tasks[${index}]`, scopeOf(task)));
  return [...defaultsProblems(spec.defaults ?? {}, scopeOfDefaults(spec)), ...tasks];
}

function taskProblems(task: Task, path: string, scope: Scope): Problem[] {
  const beforeItems = { ...scope, item: false };
  const inAttempt = { ...scope, attempt: true };
  return [
    ...plain(`${path}.when`, task.when, scope, 'Boolean'),
    ...plain(`${path}.forEach.itemsFrom`, task.forEach?.itemsFrom, beforeItems, 'List'),
    ...plain(`${path}.retry.when`, task.retry?.when, inAttempt, 'Boolean'),
    ...templates(templatesOf(task, path), scope),
  ];
}

function defaultsProblems(defaults: TaskDefaults, scope: Scope): Problem[] {
  const path = 'spec.defaults';
  const fields: Template[] = [...templatesOf(defaults, path)];
  const when = defaults.retry?.when;
  const reading = [...fields, ...(when === undefined ? [] : [[`${path}.retry.when`, when] as const])].filter(
    ([, text]) => (text.includes('${{') || text === when) && taskReferences(text).size > 0,
  );
  if (reading.length > 0) {
    const message = 'defaults hold for every task, so they may read params and run, but no task; set this on the task';
    return reading.map(([field]) => ({ path: field, message }));
  }
  return [...plain(`${path}.retry.when`, when, { ...scope, attempt: true }, 'Boolean'), ...templates(fields, scope)];
}

/** A field that is CEL as it stands. */
function plain(path: string, source: string | undefined, scope: Scope, expected: 'Boolean' | 'List'): Problem[] {
  if (source === undefined) return [];
  if (source.includes('${{')) return [{ path, message: 'this field is CEL as it stands; write it without ${{ }}' }];
  return inExpression(path, checkExpression(source, scope, expected));
}

type Template = readonly [path: string, text: string];

function templates(fields: readonly Template[], scope: Scope): Problem[] {
  return fields.flatMap(([path, text]) => inExpression(path, checkTemplate(text, scope)));
}

/** The fields whose `${{ }}` are evaluated. */
function templatesOf(of: Pick<Task, 'image' | 'env' | 'container'>, path: string): Template[] {
  const { image, command = [], args = [] } = of.container ?? {};
  return [
    ...optional(`${path}.image`, of.image),
    ...Object.entries(of.env ?? {}).map(([name, text]) => [fieldPath(`${path}.env`, name), text] as const),
    ...optional(`${path}.container.image`, image),
    ...command.map((text, index) => [`${path}.container.command[${index}]`, text] as const),
    ...args.map((text, index) => [`${path}.container.args[${index}]`, text] as const),
  ];
}

function optional(path: string, text: string | undefined): Template[] {
  return text === undefined ? [] : [[path, text]];
}
