import { utf8Length } from '../../json/index.ts';
import { BoundedCache } from './cache.ts';
import { expressionFindings } from './check.ts';
import { compile } from './compile.ts';
import { MAX_RESULT_BYTES } from './convert.ts';
import { evaluate } from './evaluate.ts';
import { ExpressionError, type ExpressionProblem, type Finding, problemAt, sentence } from './problem.ts';
import { namesBehind, outputsAsked } from './references.ts';
import { type Part, scanTemplate } from './scanner.ts';
import type { Bindings, Json, Scope } from './scope.ts';
import { spend } from './work.ts';

/** Characters of a text that are looked through for one unit of work. */
const SCANNED = 50;

type Scanned = readonly Part[] | Finding;

const scans = new BoundedCache<Scanned>(2_000, 4_000_000);

function scan(text: string): Scanned {
  return scans.getOrAdd(
    text,
    () => scanTemplate(text),
    () => text.length + 100,
  );
}

function isFinding(scanned: Scanned): scanned is Finding {
  return !Array.isArray(scanned);
}

/** Whether a text contains `${{`. The escape `$${{` does not count. */
export function hasTemplate(text: string): boolean {
  if (!text.includes('${{')) return false;
  const scanned = scan(text);
  return isFinding(scanned) || scanned.some((part) => 'source' in part);
}

/** Checks the expressions in a text. Positions are those in the text. */
export function checkTemplate(text: string, scope: Scope): ExpressionProblem[] {
  return templateFindings(text, scope).map((finding) => problemAt(text, finding));
}

/** As checkTemplate, before the findings are placed in their text. */
export function templateFindings(text: string, scope: Scope): readonly Finding[] {
  if (!text.includes('${{')) return [];
  spend(text.length / SCANNED);
  const scanned = scan(text);
  if (isFinding(scanned)) return [scanned];
  return scanned.flatMap((part) => {
    if ('text' in part) return [];
    const findings = expressionFindings(part.source, scope, 'Any');
    return findings.map(({ message, offset }) => ({ message, offset: offset + part.offset }));
  });
}

/**
 * The text with its expressions evaluated. A text that is one `${{ }}` and nothing else keeps the type of its value.
 * @throws ExpressionError when an expression has no value, or the text exceeds MAX_RESULT_BYTES
 */
export function renderTemplate(text: string, bindings: Bindings): Json {
  const parts = partsOf(text);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && 'source' in only) return evaluate(only.source, bindings);
  return renderText(text, bindings);
}

/**
 * The text with its expressions evaluated, always as text. What was evaluated, and only that, goes through `quote`:
 * for where the text ends up in a syntax of its own.
 * @throws ExpressionError when an expression has no value, or the text exceeds MAX_RESULT_BYTES
 */
export function renderText(text: string, bindings: Bindings, quote = (value: string): string => value): string {
  const rendered = partsOf(text)
    .map((part) => ('text' in part ? part.text : quote(textOf(evaluate(part.source, bindings)))))
    .join('');
  if (utf8Length(rendered) <= MAX_RESULT_BYTES) return rendered;
  throw new ExpressionError(`the evaluated text is larger than ${MAX_RESULT_BYTES} bytes`);
}

/** A text in which nothing is evaluated, such as a script: only `$${{` becomes the `${{` that it stands for. */
export const withoutEscapes = (text: string): string => text.replaceAll('$${{', () => '${{');

function partsOf(text: string): readonly Part[] {
  if (!text.includes('${{')) return [{ text }];
  const scanned = scan(text);
  if (isFinding(scanned)) throw new ExpressionError(sentence(text, scanned));
  return scanned;
}

/** A value inside text: texts as they are, nothing for null, JSON for all else. */
export function textOf(value: Json): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * The tasks that an expression reads, or, if it contains `${{`, a template. ANY_NAME is among them when a task is not
 * named by a literal. What does not parse reads nothing: checkExpression says what is wrong with it.
 */
export const taskReferences = (source: string): ReadonlySet<string> => namesRead(source, 'tasks');

/** As taskReferences, for what stands behind `params.` and `run.`; ANY_NAME also where the whole of it is read. */
export function namesRead(source: string, root: 'tasks' | 'params' | 'run'): ReadonlySet<string> {
  if (!hasTemplate(source)) return namesIn(source, root);
  const scanned = scan(source);
  if (isFinding(scanned)) return new Set();
  return new Set(scanned.flatMap((part) => ('source' in part ? [...namesIn(part.source, root)] : [])));
}

/** Outputs, as `<task>.<output>`, of which an expression asks whether they are there. */
export function outputsAskedIn(source: string): ReadonlySet<string> {
  const compilation = compile(source);
  return 'compiled' in compilation ? outputsAsked(compilation.compiled.references) : new Set();
}

function namesIn(source: string, root: string): Set<string> {
  const compilation = compile(source);
  return 'compiled' in compilation ? namesBehind(compilation.compiled.references, root) : new Set();
}
