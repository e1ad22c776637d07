import type { Task } from '../../api/index.ts';
import { ANY_NAME, namesRead } from '../expression/index.ts';
import { sourcesOf } from '../sources.ts';
import type { Inside } from './inside.ts';

/** What differs from one run of a workflow to the next whatever they do. */
const OF_THE_RUN: ReadonlySet<string> = new Set(['name', 'uid', 'number', ANY_NAME]);

/** What a task is made from besides its definition and the tasks that it reads. */
export interface Reads {
  /** Parameters around the task, by name; ANY_NAME where it may be any of them. */
  readonly parameters: ReadonlySet<string>;
  /** Fields of `run` that no other run has, wherever they are read. */
  readonly run: ReadonlySet<string>;
  /** Those of them by which it is decided whether, or how often, something is done. */
  readonly decides: ReadonlySet<string>;
}

export function readsOf({ own, inner, bodies, generates }: Inside): Reads {
  const texts = own.flatMap(({ task, defaults }) => sourcesOf(task, defaults));
  const outputs = [...bodies.values()].flatMap(({ outputs: made = [] }) => made.map(({ value }) => value));
  const all = [...texts, ...inner.flatMap(({ task, defaults }) => sourcesOf(task, defaults)), ...outputs];
  const deciding = [...own, ...inner].flatMap(({ task }) => decidingIn(task));
  return {
    parameters: new Set([...names(texts, 'params'), ...(generates ? [ANY_NAME] : [])]),
    run: ofTheRun(all),
    decides: ofTheRun(deciding),
  };
}

/** What is given to a template or to generated tasks may decide in there. */
function decidingIn({ when, forEach, loop, generate, template, with: given = {} }: Task): string[] {
  const texts = [
    when,
    forEach?.itemsFrom,
    loop?.while,
    loop?.until,
    ...Object.values(loop?.state ?? {}),
    ...Object.values(loop?.next ?? {}),
    generate?.tasks,
    ...(template ? Object.values(given) : []),
  ];
  return texts.filter((text) => text !== undefined);
}

const names = (texts: readonly string[], root: 'params' | 'run'): string[] =>
  texts.flatMap((text) => [...namesRead(text, root)]);

const ofTheRun = (texts: readonly string[]): Set<string> =>
  new Set(names(texts, 'run').filter((field) => OF_THE_RUN.has(field)));
