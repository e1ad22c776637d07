import type { Task } from '../../api/index.ts';
import { hasTemplate } from '../expression/index.ts';
import type { Problem } from './problem.ts';

/** `-c`, also among other flags of a shell, as in `-ec` and `-lc`: what follows is a script. */
const SCRIPT_FLAG = /^-[eiluvx]*c$/;

/**
 * `${{ }}` where a shell would parse the value as a part of its script: whoever chooses the value would choose what
 * the script does.
 */
export function injectionProblems(task: Task, path: string): Problem[] {
  const run = task.run !== undefined && hasTemplate(task.run) ? [scriptProblem(`${path}.run`)] : [];
  const { command = [], args = [] } = task.container ?? {};
  const words = [
    ...command.map((text, index) => ({ text, path: `${path}.container.command[${index}]` })),
    ...args.map((text, index) => ({ text, path: `${path}.container.args[${index}]` })),
  ];
  const scripts = words.filter(({ text }, index) => isAfterFlag(words[index - 1]?.text) && hasTemplate(text));
  return [...run, ...scripts.map((script) => scriptProblem(script.path))];
}

function isAfterFlag(before: string | undefined): boolean {
  return before !== undefined && SCRIPT_FLAG.test(before);
}

function scriptProblem(path: string): Problem {
  const message =
    '${{ }} in a script lets the value become a part of the script; pass the value by env or args, and read it as "$NAME" or "$1"';
  return { path, message };
}
