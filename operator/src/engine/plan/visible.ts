import type { OutputDeclaration, Task, TemplateBody } from '../../api/index.ts';
import type { ScopeType, VisibleTask } from '../expression/index.ts';
import { countOf } from '../values/items.ts';
import { libraryKey, type ResolvedRef } from './library.ts';

/** The bodies of templates by `libraryKey`. */
export type Library = Readonly<Record<string, TemplateBody>>;

type Types = Record<string, ScopeType>;

/** What an HTTP task hands on, and what a child run does. */
const HTTP_OUTPUTS: Types = { status: 'Integer', body: 'String', json: 'Any', truncated: 'Boolean' };
const CHILD_OUTPUTS: Types = { run: 'String', status: 'String' };
/** What an approval hands on besides the values of its form, and what a wait for a signal does. */
const APPROVAL_OUTPUTS: Types = { decision: 'String', approvers: 'List', comment: 'String' };
const SIGNAL_OUTPUTS: Types = { sender: 'String' };

/**
 * What other tasks may read of a task, with the types they can count on. The kind of a template must be written out, as
 * it is in a pinned definition; nothing is known of one that is not in the library.
 */
export function visibleTask(task: Task, library: Library = {}): VisibleTask {
  const items = task.forEach && countOf(task.forEach);
  const shape = { fannedOut: task.forEach !== undefined, ...(items === undefined ? {} : { items }) };
  const outputs = outputsOf(task, library);
  if (outputs === undefined) return { outputs: {}, any: true, ...shape };
  const state = Object.keys(task.loop?.state ?? {}).map((field): [string, ScopeType] => [field, 'Any']);
  const optional = optionalOf(task, library);
  return {
    outputs: { ...outputs, ...Object.fromEntries(state) },
    ...shape,
    ...(optional.length === 0 ? {} : { optional }),
  };
}

function optionalOf({ outputs = [], template }: Task, library: Library): string[] {
  const declared = template === undefined ? outputs : (library[libraryKey(template as ResolvedRef)]?.outputs ?? []);
  return declared.filter(({ optional }) => optional === true).map(({ name }) => name);
}

/** The types of what one execution of the action hands on; nothing if they are not known before it ends. */
function outputsOf(task: Task, library: Library): Types | undefined {
  const declared = typesOf(task.outputs ?? []);
  const { template, compute, resource, approval, waitForSignal } = task;
  if (task.generate !== undefined) return undefined;
  if (template !== undefined) {
    const body = library[libraryKey(template as ResolvedRef)];
    return body === undefined ? undefined : typesOf(body.outputs ?? []);
  }
  if (task.http !== undefined) return { ...HTTP_OUTPUTS, ...declared };
  if (task.workflow !== undefined) return { ...CHILD_OUTPUTS, ...declared };
  if (approval !== undefined) return { ...typesOf(approval.form ?? []), ...APPROVAL_OUTPUTS };
  if (waitForSignal !== undefined) return { ...typesOf(waitForSignal.values ?? []), ...SIGNAL_OUTPUTS };
  return { ...anyOf(compute), ...anyOf(resource?.outputs), ...declared };
}

function typesOf(outputs: readonly Pick<OutputDeclaration, 'name' | 'type'>[]): Types {
  return Object.fromEntries(outputs.map(({ name, type }) => [name, type ?? 'String']));
}

function anyOf(expressions: Readonly<Record<string, string>> = {}): Types {
  return Object.fromEntries(Object.keys(expressions).map((name) => [name, 'Any']));
}
