import type { Task } from '../../api/index.ts';
import { hasTemplate } from '../expression/index.ts';
import { scriptPositions } from './interpreters.ts';
import { fieldPath, type Problem } from './problem.ts';

/**
 * `${{ }}` where a shell or another interpreter would take the value for a part of its script: whoever chooses the value
 * would choose what the script does.
 */
export function injectionProblems(task: Task, path: string): Problem[] {
  const run = task.run !== undefined && hasTemplate(task.run) ? [scriptProblem(`${path}.run`)] : [];
  return [
    ...run,
    ...shellProblems(task.shell, path),
    ...containerProblems(task.container, `${path}.container`),
    ...manifestProblems(task.resource?.manifest, `${path}.resource.manifest`, 0),
  ];
}

/** The words that a script is run by are no place for a value at all. */
export function shellProblems(shell: readonly string[] = [], path: string): Problem[] {
  return shell.flatMap((word, index) => (hasTemplate(word) ? [scriptProblem(`${path}.shell[${index}]`)] : []));
}

interface Called {
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
}

function containerProblems({ command = [], args = [] }: Called = {}, path: string): Problem[] {
  const words = [...command, ...args];
  if (!words.some(hasTemplate)) return [];
  const scripts = scriptPositions(words);
  const pathOf = (index: number) =>
    index < command.length ? `${path}.command[${index}]` : `${path}.args[${index - command.length}]`;
  return words.flatMap((text, index) =>
    scripts.has(index) && hasTemplate(text) ? [scriptProblem(pathOf(index))] : [],
  );
}

const MAX_DEPTH = 32;

/** The containers, probes and hooks of whatever an object makes: they are where a command is. */
function manifestProblems(value: unknown, path: string, depth: number): Problem[] {
  if (value === null || typeof value !== 'object' || depth === MAX_DEPTH) return [];
  if (Array.isArray(value)) return value.flatMap((each, at) => manifestProblems(each, `${path}[${at}]`, depth + 1));
  const { command, args } = value as Readonly<Record<string, unknown>>;
  const own = containerProblems({ command: textsOf(command), args: textsOf(args) }, path);
  const inner = Object.entries(value).flatMap(([key, each]) => manifestProblems(each, fieldPath(path, key), depth + 1));
  return [...own, ...inner];
}

function textsOf(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.map((each) => (typeof each === 'string' ? each : '')) : undefined;
}

function scriptProblem(path: string): Problem {
  const message =
    '${{ }} in a script makes the value part of the script; pass the value in env or args and read it as "$NAME" or "$1"';
  return { path, message };
}
