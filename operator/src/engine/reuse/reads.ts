import type { Task } from '../../api/index.ts';
import { ANY_NAME, hasTemplate, namesRead } from '../expression/index.ts';
import { sourcesOf } from '../plan/sources.ts';
import type { TaskInGraph } from './task-in-graph.ts';

/** What differs from one run of a workflow to the next whatever they do. */
const OF_THE_RUN: ReadonlySet<string> = new Set(['name', 'uid', 'number', ANY_NAME]);

/** Parameters that tasks of one graph read, by name; ANY_NAME where it may be any: what is generated may read all. */
export function parametersIn(standing: readonly TaskInGraph[], generates: boolean): Set<string> {
  return new Set([...namesIn(textsIn(standing), 'params'), ...(generates ? [ANY_NAME] : [])]);
}

/** Fields of `run` that no other run has, and that these tasks or texts read. */
export function runFields(standing: readonly TaskInGraph[], texts: readonly string[]): Set<string> {
  return ofTheRun([...textsIn(standing), ...texts]);
}

/** Those by which it is decided whether, or how often, something is done. */
export function decidingFields(tasks: readonly Task[]): Set<string> {
  return ofTheRun(tasks.flatMap(decidingIn));
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
    ...(template ? Object.values(given).filter(hasTemplate) : []),
  ];
  return texts.filter((text) => text !== undefined);
}

const textsIn = (standing: readonly TaskInGraph[]): string[] =>
  standing.flatMap(({ task, defaults }) => sourcesOf(task, defaults));

const namesIn = (texts: readonly string[], root: 'params' | 'run'): string[] =>
  texts.flatMap((text) => [...namesRead(text, root)]);

const ofTheRun = (texts: readonly string[]): Set<string> =>
  new Set(namesIn(texts, 'run').filter((field) => OF_THE_RUN.has(field)));
