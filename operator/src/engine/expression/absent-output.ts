import { taskPath } from './names.ts';
import { type Finding, textOfWords } from './problem.ts';
import type { Reference } from './references.ts';
import type { Bindings, Json } from './scope.ts';

const NO_KEY = /^No such key: (.*)$/s;

/**
 * A finding about a missing key in words that say whose it is, where it is an output that a task has not handed on: because
 * the task, or an item of it, was skipped or failed, or the output is optional. Any other finding stays as it is.
 */
export function absentOutput(finding: Finding, references: readonly Reference[], { tasks }: Bindings): Finding {
  const [, key] = NO_KEY.exec(textOfWords(finding.message)) ?? [];
  if (key === undefined) return finding;
  for (const { root, path } of references) {
    const [task, part, output] = path;
    if (root !== 'tasks' || part?.name !== 'outputs' || task?.name === undefined) continue;
    const { outputs, status } = tasks[task.name] ?? { outputs: {}, status: 'Waiting' };
    const of = `${taskPath(task.name)}.outputs`;
    if (Array.isArray(outputs)) {
      if (outputs.some((entry) => lacks(entry, key))) return { ...finding, message: ofItems(of, key) };
    } else if (output?.name === key && lacks(outputs, key)) {
      const remedy = `check has(${of}.${key}) first, or read ${of}.?${key}.orValue(...)`;
      return {
        message: `the task "${task.name}" is ${status} and has no output "${key}"; ${remedy}`,
        offset: output.offset,
      };
    }
  }
  return finding;
}

const lacks = (outputs: Json, key: string): boolean =>
  outputs === null || (typeof outputs === 'object' && !Object.hasOwn(outputs, key));

const ofItems = (of: string, key: string): string =>
  `No such key: ${key}; an entry of ${of} lacks it, and is null where its item did not succeed; filter with ${of}.filter(o, o != null && has(o.${key}))`;
