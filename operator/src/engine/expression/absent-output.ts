import { taskPath } from './names.ts';
import { type Finding, textOfWords } from './problem.ts';
import type { Reference } from './references.ts';
import type { Bindings } from './scope.ts';

const NO_KEY = /^No such key: (.*)$/s;

/**
 * A finding about a missing key in words that say whose it is, where it is an output that a task has not handed on: because
 * the task was skipped, or failed, or the output is optional. Any other finding stays as it is.
 */
export function absentOutput(finding: Finding, references: readonly Reference[], { tasks }: Bindings): Finding {
  const [, key] = NO_KEY.exec(textOfWords(finding.message)) ?? [];
  if (key === undefined) return finding;
  for (const { root, path } of references) {
    const [task, part, output] = path;
    if (root !== 'tasks' || part?.name !== 'outputs' || output?.name !== key || task?.name === undefined) continue;
    const { outputs, status } = tasks[task.name] ?? { outputs: {}, status: 'Waiting' };
    if (outputs === null || typeof outputs !== 'object' || Object.hasOwn(outputs, key)) continue;
    const of = `${taskPath(task.name)}.outputs`;
    const remedy = `ask has(${of}.${key}) first, or read ${of}.?${key}.orValue(...)`;
    return {
      message: `the task "${task.name}" is ${status} and has handed on no output "${key}"; ${remedy}`,
      offset: output.offset,
    };
  }
  return finding;
}
