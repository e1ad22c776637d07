import type { Failure, Json, OutputDeclaration, Outputs } from '../api/index.ts';
import { redact } from '../redaction/index.ts';
import { article, coerce } from './coerce.ts';

/** The kubelet keeps the last 4,096 bytes of the file: a message of that size may have lost its beginning. */
export const MAX_OUTPUT_BYTES = 4096;
/** All values that a state holds itself, as they are encoded in it. */
export const MAX_STATE_OUTPUT_BYTES = 64 * 1024;
/**
 * Above this the state holds outputs by their place. The rest is for what it must hold itself: states of loops, parameters
 * of templates, and the outputs from which the texts of an attempt are made again. As much is carried on in a chain.
 */
export const SHARE_BYTES = 48 * 1024;
/** Outputs in one event: one page has to hold it. */
export const MAX_EVENT_OUTPUT_BYTES = 32 * 1024;
/** Outputs of a run that unfinished tasks read and the state holds by their place. */
export const MAX_RUN_OUTPUT_BYTES = 100 * 1024 * 1024;

export type ParsedOutputs = { outputs: Outputs } | { failure: Failure };

/** Stands where a text of a task that reads secrets would be quoted. */
const WITHHELD = '(withheld: the task reads secrets)';

const invalid = (message: string): ParsedOutputs => ({ failure: { reason: 'OutputsInvalid', message } });

/** UTF-8 length without allocating the bytes. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

function readLines(text: string): Record<string, Json> | string {
  const values: Record<string, Json> = {};
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const equals = line.indexOf('=');
    if (equals < 1) return line;
    values[line.slice(0, equals).trim()] = line.slice(equals + 1);
  }
  return values;
}

function readObject(text: string): Record<string, Json> | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The outputs of an attempt that ended well, from what it wrote to $ADO_OUTPUTS: key=value lines or one JSON object,
 * coerced to the declared types. A key that is not declared is an error: nobody could ever read it. What is no declared
 * output is quoted without what looks like a secret, and not at all where the task reads some.
 */
export function parseOutputs(
  text: string,
  declared: readonly OutputDeclaration[] = [],
  isWithheld = false,
): ParsedOutputs {
  const quote = (said: string, max: number) => (isWithheld ? WITHHELD : redact(said).slice(0, max));
  if (utf8Length(text) >= MAX_OUTPUT_BYTES) {
    const message = `$ADO_OUTPUTS holds ${MAX_OUTPUT_BYTES} bytes or more, and the node may have cut it; write less`;
    return { failure: { reason: 'OutputsTooLarge', message } };
  }
  if (text.trim() === '') return { outputs: {} };
  const isJson = text.trimStart().startsWith('{');
  const values = isJson ? readObject(text) : readLines(text);
  if (values === undefined) return invalid('$ADO_OUTPUTS begins with { but is not a JSON object');
  if (typeof values === 'string') {
    const line = quote(JSON.stringify(values), 80);
    return invalid(`$ADO_OUTPUTS has the line ${line}, which is not of the form key=value`);
  }
  return coerceOutputs(values, declared, quote);
}

function coerceOutputs(
  values: Record<string, Json>,
  declared: readonly OutputDeclaration[],
  quote: (said: string, max: number) => string,
): ParsedOutputs {
  const outputs: Outputs = {};
  for (const [name, value] of Object.entries(values)) {
    const declaration = declared.find((output) => output.name === name);
    if (!declaration)
      return invalid(`the output ${quote(JSON.stringify(name), 80)} is not declared; add it to outputs`);
    const { type = 'String' } = declaration;
    const coerced = coerce(value, type);
    if ('problem' in coerced) {
      return invalid(`the output ${name}: ${quote(JSON.stringify(value), 100)} is not ${article(type)}`);
    }
    outputs[name] = coerced.value;
  }
  return { outputs };
}
