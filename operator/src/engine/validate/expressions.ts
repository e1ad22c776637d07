import type { Loop, ResourceAction, Task, TaskDefaults } from '../../api/index.ts';
import {
  type Expected,
  expressionFindings,
  outputsAskedIn,
  type Scope,
  taskReferences,
  templateFindings,
} from '../expression/index.ts';
import { inPeersSyntax } from './peers.ts';
import { fieldPath, inExpression, type Problem } from './problem.ts';
import { type Text, textsIn } from './texts-in.ts';

/**
 * Every expression and template of a task, type-checked in the scope where it is evaluated. `scope` is that of the
 * task before its items: what forEach, loop and retry add is added here.
 */
export function expressionProblems(task: Task, path: string, scope: Scope): Problem[] {
  const asking = { ...scope, item: task.forEach !== undefined };
  // What `when` has asked for is there wherever the task reads it after that.
  const inItem = task.when === undefined ? asking : { ...asking, asked: outputsAskedIn(task.when) };
  const acting = task.loop === undefined ? inItem : { ...inItem, state: Object.keys(task.loop.state ?? {}) };
  return [
    ...plain(`${path}.when`, task.when, asking, 'Boolean'),
    ...plain(`${path}.forEach.itemsFrom`, task.forEach?.itemsFrom, { ...inItem, item: false }, 'Items'),
    ...plain(`${path}.forEach.key`, task.forEach?.key, inItem, 'String'),
    ...loopProblems(task.loop, `${path}.loop`, inItem, acting),
    ...plain(`${path}.retry.when`, task.retry?.when, { ...acting, attempt: true }, 'Boolean'),
    ...templates(templatesOf(task, path), acting),
    ...actionProblems(task, path, acting),
    ...(task.semaphores ?? []).flatMap(({ shareBy }, index) =>
      plain(`${path}.semaphores[${index}].shareBy`, shareBy, acting, 'String'),
    ),
  ];
}

/** The expressions of `defaults`, which hold for every task. */
export function defaultsProblems(defaults: TaskDefaults, path: string, scope: Scope): Problem[] {
  const fields: Text[] = [...templatesOf(defaults, path)];
  const when = defaults.retry?.when;
  const reading = [...fields, ...(when === undefined ? [] : [[`${path}.retry.when`, when] as const])].filter(
    ([, text]) => (text.includes('${{') || text === when) && taskReferences(text).size > 0,
  );
  if (reading.length > 0) {
    const message = 'defaults apply to every task, so they can read params and run but no task; set this on the task';
    return reading.map(([field]) => ({ path: field, message }));
  }
  return [...plain(`${path}.retry.when`, when, { ...scope, attempt: true }, 'Boolean'), ...templates(fields, scope)];
}

/** A field that is CEL as it stands. */
export function plain(path: string, source: string | undefined, scope: Scope, expected: Expected): Problem[] {
  if (source === undefined) return [];
  if (source.includes('${{')) return [{ path, message: 'this field is plain CEL; write it without ${{ }}' }];
  const [peers] = inPeersSyntax(source);
  if (peers !== undefined) {
    const write = peers.written === undefined ? 'without the braces' : peers.written;
    return [{ path, message: `"${peers.text}": this field is plain CEL; write ${write}` }];
  }
  return inExpression(path, source, expressionFindings(source, scope, expected));
}

/** Fields by name that are CEL as they stand. */
function plainFields(path: string, sources: Readonly<Record<string, string>> | undefined, scope: Scope): Problem[] {
  return Object.entries(sources ?? {}).flatMap(([name, source]) => plain(fieldPath(path, name), source, scope, 'Any'));
}

function loopProblems(loop: Loop | undefined, path: string, before: Scope, inLoop: Scope): Problem[] {
  if (loop === undefined) return [];
  const after = { ...inLoop, outputs: true, status: true };
  return [
    ...plainFields(`${path}.state`, loop.state, before),
    ...plain(`${path}.while`, loop.while, inLoop, 'Boolean'),
    ...plainFields(`${path}.next`, loop.next, after),
    ...plain(`${path}.until`, loop.until, after, 'Boolean'),
  ];
}

function actionProblems({ compute, generate, resource }: Task, path: string, scope: Scope): Problem[] {
  return [
    ...plainFields(`${path}.compute`, compute, scope),
    ...plain(`${path}.generate.tasks`, generate?.tasks, scope, 'List'),
    ...(resource === undefined ? [] : resourceProblems(resource, `${path}.resource`, scope)),
  ];
}

/** The conditions of a resource are asked when its object changes, and so apart from the values of the run. */
function resourceProblems(resource: ResourceAction, path: string, scope: Scope): Problem[] {
  const ofObject = { ...scope, item: false, state: undefined, object: true, apart: true };
  return [
    ...plain(`${path}.successWhen`, resource.successWhen, ofObject, 'Boolean'),
    ...plain(`${path}.failWhen`, resource.failWhen, ofObject, 'Boolean'),
    ...plainFields(`${path}.outputs`, resource.outputs, ofObject),
  ];
}

function templates(fields: readonly Text[], scope: Scope): Problem[] {
  return fields.flatMap(([path, text]) => inExpression(path, text, templateFindings(text, scope)));
}

type Textual = Pick<
  Task,
  'image' | 'env' | 'container' | 'with' | 'sleep' | 'http' | 'resource' | 'cache' | 'approval'
>;

/** The fields whose `${{ }}` are evaluated. */
function templatesOf(of: Textual, path: string): Text[] {
  const { image, command = [], args = [] } = of.container ?? {};
  return [
    ...optional(`${path}.image`, of.image),
    ...named(`${path}.env`, of.env),
    ...optional(`${path}.container.image`, image),
    ...command.map((text, index) => [`${path}.container.command[${index}]`, text] as const),
    ...args.map((text, index) => [`${path}.container.args[${index}]`, text] as const),
    ...named(`${path}.with`, of.with),
    ...optional(`${path}.sleep.duration`, of.sleep?.duration),
    ...optional(`${path}.sleep.until`, of.sleep?.until),
    ...optional(`${path}.http.url`, of.http?.url),
    ...named(`${path}.http.headers`, of.http?.headers),
    ...optional(`${path}.http.body`, of.http?.body),
    ...textsIn(of.resource?.manifest, `${path}.resource.manifest`),
    ...optional(`${path}.cache.key`, of.cache?.key),
    ...optional(`${path}.approval.message`, of.approval?.message),
  ];
}

function optional(path: string, text: string | undefined): Text[] {
  return text === undefined ? [] : [[path, text]];
}

function named(path: string, texts: Readonly<Record<string, string>> = {}): Text[] {
  return Object.entries(texts).map(([name, text]) => [fieldPath(path, name), text] as const);
}
