import type { ExpressionProblem } from '../expression/index.ts';

/** What is wrong with a definition. */
export interface Problem {
  /** The field, such as `spec.tasks[2].env.SUITE`. */
  readonly path: string;
  /** What is wrong with it and what to do; for expressions, two further lines show the place. */
  readonly message: string;
}

/** The problems of an expression, each with its place: line and column, the line itself, and a caret under it. */
export function inExpression(path: string, problems: readonly ExpressionProblem[]): Problem[] {
  return problems.map(({ message, line, column, caret }) => ({
    path,
    message: `${message} (line ${line}, column ${column})\n${indented(caret)}`,
  }));
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

/** A field by its name: `env.SUITE`, or `env["spring.profiles"]` where a dot would mislead. */
export function fieldPath(parent: string, key: string): string {
  return /^\w+$/.test(key) ? `${parent}.${key}` : `${parent}[${JSON.stringify(key)}]`;
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
