/** What is wrong with an expression or a template, and where: positions count UTF-16 units, as editors do. */
export interface ExpressionProblem {
  message: string;
  /** 1-based. */
  line: number;
  /** 1-based, in that line. */
  column: number;
  /** The line of the source and, under it, a caret. */
  caret: string;
}

/** A sentence, or what makes it: most of the work of a problem is in words that only the first ones need. */
export type Words = string | (() => string);

export const textOfWords = (words: Words): string => (typeof words === 'string' ? words : words());

/** A problem before its text is known: an offset into the source, 0-based. */
export interface Finding {
  message: Words;
  offset: number;
}

/** An expression that has no value: the task fails with the reason ExpressionError. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly reason = 'ExpressionError';
}

/** What `evaluate` yields, with the field in front of what it says of an expression: `env.DIGEST: ...`. */
export function inField<T>(field: string, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    throw error instanceof ExpressionError ? new ExpressionError(`${field}: ${error.message}`) : error;
  }
}

const BEFORE = 60;
const AFTER = 40;
const QUOTED = 80;
/** Messages may quote a value, and end up in a status. */
const MAX_MESSAGE = 500;

/** Places a finding in the text that the user wrote. A long line is shown around the caret only. */
export function problemAt(text: string, finding: Finding): ExpressionProblem {
  const offset = Math.min(Math.max(finding.offset, 0), text.length);
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const newline = text.indexOf('\n', offset);
  const lineEnd = newline === -1 ? text.length : newline;
  const from = Math.max(lineStart, offset - BEFORE);
  const to = Math.min(lineEnd, offset + AFTER);
  const indent = text.slice(from, offset).replaceAll(/[^\t]/g, ' ');
  return {
    message: bounded(textOfWords(finding.message)),
    line: text.slice(0, lineStart).split('\n').length,
    column: offset - lineStart + 1,
    caret: `${text.slice(from, to).replace(/\r$/, '')}\n${indent}^`,
  };
}

/** One line for a status message: what happened, where, and in which expression. */
export function sentence(source: string, finding: Finding): string {
  const { message, line, column } = problemAt(source, finding);
  const place = line === 1 ? `column ${column}` : `line ${line}, column ${column}`;
  const flat = source.replaceAll(/\s+/g, ' ');
  const shown = flat.length > QUOTED ? `${flat.slice(0, QUOTED)}...` : flat;
  return `${message} (${place} of: ${shown})`;
}

function bounded(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}...` : message;
}
