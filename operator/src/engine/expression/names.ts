import { CONSTANTS } from './language.ts';
import { byLikeness, probablyMeant, suggestion } from './nearest.ts';
import type { Finding } from './problem.ts';
import { outputsAsked, type Reference } from './references.ts';
import {
  ENDED_FIELDS,
  ROOTS,
  RUN_FIELDS,
  SCHEDULE_FIELDS,
  type Scope,
  SITUATIONAL,
  SOURCE_FIELDS,
  type VisibleTask,
} from './scope.ts';

/** The names in an expression that its scope does not have, each with what was probably meant. */
export function nameFindings(references: readonly Reference[], scope: Scope): Finding[] {
  const asked = new Set([...(scope.asked ?? []), ...outputsAsked(references)]);
  return references.flatMap((reference) => {
    const message = fault(reference, scope) ?? unaskedFault(reference, scope, asked);
    return message === undefined ? [] : [message];
  });
}

/** An optional output that is read as if it were always there. */
function unaskedFault(
  { root, path: [task, part, output] }: Reference,
  scope: Scope,
  asked: ReadonlySet<string>,
): Finding | undefined {
  if (root !== 'tasks' || part?.name !== 'outputs' || task?.name === undefined || output?.name === undefined)
    return undefined;
  const isOptional = scope.tasks[task.name]?.optional?.includes(output.name) === true;
  if (!isOptional || asked.has(`${task.name}.${output.name}`)) return undefined;
  const of = `${taskPath(task.name)}.outputs`;
  const remedy = `read ${of}.?${output.name}.orValue(...), or check has(${of}.${output.name}) here or in when`;
  return {
    message: `the output "${output.name}" of "${task.name}" is optional, so it may be missing; ${remedy}`,
    offset: output.offset,
  };
}

function fault(reference: Reference, scope: Scope): Finding | undefined {
  if (scope.apart === true && ROOTS.has(reference.root)) {
    const known = Object.keys(SITUATIONAL).filter((name) => isVisible(name, scope));
    return {
      message: `this expression can read only ${known.join(', ')}, not ${reference.root}`,
      offset: reference.offset,
    };
  }
  switch (reference.root) {
    case 'params':
      return parameterFault(reference, scope);
    case 'tasks':
      return taskFault(reference, scope);
    case 'run':
      return runFault(reference, scope);
    case 'state':
      return scope.state === undefined ? rootFault(reference, scope) : stateFault(reference, scope.state);
    case 'headers':
      return rootFault(reference, scope) ?? headerFault(reference) ?? unsignedFault(reference, scope);
    case 'query':
      return rootFault(reference, scope) ?? unsignedFault(reference, scope);
    case 'source':
      return rootFault(reference, scope) ?? partFault(reference, SOURCE_FIELDS);
    case 'schedule':
      return rootFault(reference, scope) ?? partFault(reference, SCHEDULE_FIELDS);
    default:
      return rootFault(reference, scope);
  }
}

function parameterFault(reference: Reference, scope: Scope): Finding | undefined {
  const [step] = reference.path;
  if (step?.name === undefined || Object.hasOwn(scope.parameters, step.name)) return undefined;
  const { name, offset } = step;
  const message = () => `unknown parameter "${name}"${suggestion(name, Object.keys(scope.parameters), 'parameter')}`;
  return { message, offset };
}

function runFault({ path: [step] }: Reference, scope: Scope): Finding | undefined {
  if (step?.name === undefined || Object.hasOwn(RUN_FIELDS, step.name)) return undefined;
  if (!Object.hasOwn(ENDED_FIELDS, step.name)) return fieldFault(step.name, step.offset, runFields(scope), 'run');
  if (scope.ended === true) return undefined;
  const message = `"run.${step.name}" is available only in finally and in hooks at the end of the run`;
  return { message, offset: step.offset };
}

function runFields({ ended }: Scope): string[] {
  return [...Object.keys(RUN_FIELDS), ...(ended === true ? Object.keys(ENDED_FIELDS) : [])];
}

function stateFault({ path: [step] }: Reference, fields: readonly string[]): Finding | undefined {
  if (step?.name === undefined || fields.includes(step.name)) return undefined;
  return fieldFault(step.name, step.offset, fields, 'loop.state');
}

/** A header that no request can have, as it is written here. */
function headerFault({ path: [step] }: Reference): Finding | undefined {
  const lower = step?.name?.toLowerCase();
  if (step === undefined || lower === step.name) return undefined;
  return { message: `header names are lowercase here: headers["${lower}"]`, offset: step.offset };
}

/** What anybody could change of a request that is signed, for the signature does not cover it. */
function unsignedFault({ root, offset, path: [step] }: Reference, { signed }: Scope): Finding | undefined {
  if (signed === undefined) return undefined;
  const remedy = 'read body';
  if (root === 'query') return { message: `the query is not signed, so anybody can change it; ${remedy}`, offset };
  if (step?.name === undefined || signed.includes(step.name)) return undefined;
  const more = `or, if the sender signs it, put {headers.${step.name}} into auth.hmac.signed`;
  return {
    message: `the header "${step.name}" is not signed, so anybody can change it; ${remedy}, ${more}`,
    offset: step.offset,
  };
}

/** A field that `source` or `schedule` does not have. */
function partFault({ root, path: [step] }: Reference, fields: readonly string[]): Finding | undefined {
  if (step?.name === undefined || fields.includes(step.name)) return undefined;
  return fieldFault(step.name, step.offset, fields, root);
}

function fieldFault(name: string, offset: number, known: readonly string[], of: string): Finding {
  const what = `field of ${of}`;
  return { message: () => `unknown ${what} "${name}"${suggestion(name, known, what)}`, offset };
}

function rootFault({ root, offset }: Reference, scope: Scope): Finding | undefined {
  if (CONSTANTS.has(root)) return undefined;
  const situational = Object.hasOwn(SITUATIONAL, root) ? SITUATIONAL[root] : undefined;
  if (situational !== undefined) {
    return isVisible(root, scope) ? undefined : { message: situational.elsewhere, offset };
  }
  if (Object.hasOwn(scope.parameters, root)) {
    return { message: `unknown name "${root}"; a parameter is read as params.${root}`, offset };
  }
  if (scope.allTasks.has(root)) {
    return { message: `unknown name "${root}"; a task is read as ${taskPath(root)}.outputs or .status`, offset };
  }
  return { message: () => `unknown name "${root}"${suggestion(root, rootsOf(scope), 'name')}`, offset };
}

function rootsOf(scope: Scope): string[] {
  const situational = Object.keys(SITUATIONAL).filter((name) => isVisible(name, scope));
  return [...(scope.apart === true ? [] : ROOTS), ...situational];
}

function isVisible(name: string, scope: Scope): boolean {
  const needs = SITUATIONAL[name]?.needs;
  return needs !== undefined && scope[needs] !== undefined && scope[needs] !== false;
}

function taskFault(reference: Reference, scope: Scope): Finding | undefined {
  const [step, part, output] = reference.path;
  if (step?.name === undefined) {
    const message =
      'write a literal task name, as in tasks.build or tasks["build"]: what a task reads determines what it waits for';
    return { message, offset: step?.offset ?? reference.offset };
  }
  const task = Object.hasOwn(scope.tasks, step.name) ? scope.tasks[step.name] : undefined;
  const { name } = step;
  if (task === undefined) return { message: () => unreadableTask(name, scope), offset: step.offset };
  if (part === undefined) return undefined;
  if (part.name === 'status') return undefined;
  if (part.name !== 'outputs') {
    const name = part.name ?? '...';
    const message = `a task has only outputs and status, not "${name}"; did you mean ${taskPath(step.name)}.outputs.${name}?`;
    return { message, offset: part.offset };
  }
  return output?.name === undefined ? undefined : outputFault(step.name, task, output.name, output.offset);
}

function unreadableTask(name: string, scope: Scope): string {
  if (scope.allTasks.has(name)) return `task "${name}" is not an ancestor; add it to needs`;
  // `tasks.my-task` is a subtraction to CEL.
  const dashed = byLikeness(
    name,
    [...scope.allTasks].filter((task) => task.startsWith(`${name}-`)),
  )[0];
  if (dashed !== undefined) return `unknown task "${name}"; a name with a dash is read as ${taskPath(dashed)}`;
  const known = probablyMeant(name, scope.allTasks) === undefined ? Object.keys(scope.tasks) : scope.allTasks;
  return `unknown task "${name}"${suggestion(name, known, 'task to read')}`;
}

function outputFault(name: string, task: VisibleTask, output: string, offset: number): Finding | undefined {
  const path = `${taskPath(name)}.outputs`;
  if (task.fannedOut) {
    const message = `the outputs of "${name}" are a list, one entry per item: ${path}[0].${output}, or ${path}.map(o, o.${output})`;
    return { message, offset };
  }
  if (task.any === true || Object.hasOwn(task.outputs, output)) return undefined;
  const known = () => suggestion(output, Object.keys(task.outputs), 'output');
  return { message: () => `task "${name}" declares no output "${output}"${known()}`, offset };
}

/** A task as expressions read it: `tasks.build`, or `tasks["roll-out"]` where the name has a dash. */
export function taskPath(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `tasks.${name}` : `tasks["${name}"]`;
}
