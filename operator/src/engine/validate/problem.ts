import { fieldPath } from '../../api/index.ts';
import { type Finding, problemAt, type Words } from '../expression/index.ts';

export { fieldPath };

/** What is wrong with a definition. */
export interface Problem {
  /** The field, such as `spec.tasks[2].env.SUITE`. */
  readonly path: string;
  /** What is wrong with it and what to do; for expressions, two further lines show the place. */
  readonly message: Words;
}

/** The problems of the expressions in a text, each with its place: line and column, the line itself, and a caret. */
export function inExpression(path: string, text: string, findings: readonly Finding[]): Problem[] {
  return findings.map((finding) => ({ path, message: () => placed(text, finding) }));
}

function placed(text: string, finding: Finding): string {
  const { message, line, column, caret } = problemAt(text, finding);
  return `${message} (line ${line}, column ${column})\n${indented(caret)}`;
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

/** The problems of names that are used before, at the later of their uses. */
export function repeated(names: readonly string[], path: (index: number) => string, what: string): Problem[] {
  const first = new Map<string, number>();
  return names.flatMap((name, index) => {
    const before = first.get(name);
    if (before === undefined) first.set(name, index);
    if (before === undefined) return [];
    return [{ path: path(index), message: `${what} "${name}" is declared already at ${path(before)}; rename one` }];
  });
}

/** Names that JavaScript gives a meaning of its own as keys of an object. */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export function reserved(names: readonly string[], path: (index: number) => string, what: string): Problem[] {
  return names.flatMap((name, index) =>
    RESERVED.has(name)
      ? [{ path: path(index), message: `"${name}" cannot be the name of ${what}; choose another` }]
      : [],
  );
}
