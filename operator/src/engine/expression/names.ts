import { CONSTANTS } from './language.ts';
import { byLikeness, probablyMeant, suggestion } from './nearest.ts';
import type { Finding } from './problem.ts';
import type { Reference } from './references.ts';
import { ROOTS, RUN_FIELDS, type Scope, SITUATIONAL, type VisibleTask } from './scope.ts';

/** The names in an expression that its scope does not have, each with what was probably meant. */
export function nameFindings(references: readonly Reference[], scope: Scope): Finding[] {
  return references.flatMap((reference) => {
    const message = fault(reference, scope);
    return message === undefined ? [] : [message];
  });
}

function fault(reference: Reference, scope: Scope): Finding | undefined {
  switch (reference.root) {
    case 'params':
      return parameterFault(reference, scope);
    case 'tasks':
      return taskFault(reference, scope);
    case 'run':
      return fieldFault(reference, RUN_FIELDS, 'field of run');
    default:
      return rootFault(reference, scope);
  }
}

function parameterFault(reference: Reference, scope: Scope): Finding | undefined {
  const [step] = reference.path;
  if (step?.name === undefined || Object.hasOwn(scope.parameters, step.name)) return undefined;
  const known = Object.keys(scope.parameters);
  return {
    message: `unknown parameter "${step.name}"${suggestion(step.name, known, 'parameter')}`,
    offset: step.offset,
  };
}

function fieldFault(
  reference: Reference,
  fields: Readonly<Record<string, unknown>>,
  what: string,
): Finding | undefined {
  const [step] = reference.path;
  if (step?.name === undefined || Object.hasOwn(fields, step.name)) return undefined;
  const message = `unknown ${what} "${step.name}"${suggestion(step.name, Object.keys(fields), what)}`;
  return { message, offset: step.offset };
}

function rootFault({ root, offset }: Reference, scope: Scope): Finding | undefined {
  if (CONSTANTS.has(root)) return undefined;
  const situational = Object.hasOwn(SITUATIONAL, root) ? SITUATIONAL[root] : undefined;
  if (situational !== undefined) {
    return scope[situational.needs] ? undefined : { message: situational.elsewhere, offset };
  }
  if (Object.hasOwn(scope.parameters, root)) {
    return { message: `unknown name "${root}"; a parameter is read as params.${root}`, offset };
  }
  if (scope.allTasks.has(root)) {
    return { message: `unknown name "${root}"; a task is read as ${taskPath(root)}.outputs or .status`, offset };
  }
  const known = [...ROOTS, ...Object.keys(SITUATIONAL).filter((name) => scope[SITUATIONAL[name]?.needs ?? 'item'])];
  return { message: `unknown name "${root}"${suggestion(root, known, 'name')}`, offset };
}

function taskFault(reference: Reference, scope: Scope): Finding | undefined {
  const [step, part, output] = reference.path;
  if (step?.name === undefined) {
    const message =
      'name the task by a literal, as in tasks.build or tasks["build"]: what a task reads decides what it must wait for';
    return { message, offset: step?.offset ?? reference.offset };
  }
  const task = Object.hasOwn(scope.tasks, step.name) ? scope.tasks[step.name] : undefined;
  if (task === undefined) return { message: unreadableTask(step.name, scope), offset: step.offset };
  if (part === undefined) return undefined;
  if (part.name === 'status') return undefined;
  if (part.name !== 'outputs') {
    const name = part.name ?? '...';
    const message = `a task has outputs and status, and no "${name}"; did you mean ${taskPath(step.name)}.outputs.${name}?`;
    return { message, offset: part.offset };
  }
  return output?.name === undefined ? undefined : outputFault(step.name, task, output.name, output.offset);
}

function unreadableTask(name: string, scope: Scope): string {
  if (scope.allTasks.has(name)) return `task "${name}" is not an ancestor; add it to needs`;
  // `tasks.my-task` is a subtraction to CEL.
  const dashed = byLikeness(name, scope.allTasks).find((task) => task.startsWith(`${name}-`));
  if (dashed !== undefined) return `unknown task "${name}"; a name with a dash is read as ${taskPath(dashed)}`;
  const known = probablyMeant(name, scope.allTasks) === undefined ? Object.keys(scope.tasks) : scope.allTasks;
  return `unknown task "${name}"${suggestion(name, known, 'task to read')}`;
}

function outputFault(name: string, task: VisibleTask, output: string, offset: number): Finding | undefined {
  const path = `${taskPath(name)}.outputs`;
  if (task.fannedOut) {
    const message = `the outputs of "${name}" are a list, one entry an item: ${path}[0].${output}, or ${path}.map(o, o.${output})`;
    return { message, offset };
  }
  if (Object.hasOwn(task.outputs, output)) return undefined;
  const known = Object.keys(task.outputs);
  return { message: `task "${name}" declares no output "${output}"${suggestion(output, known, 'output')}`, offset };
}

function taskPath(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `tasks.${name}` : `tasks["${name}"]`;
}
