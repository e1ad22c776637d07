import {
  type Failure,
  type Json,
  missingOutputs,
  type OutputDeclaration,
  type Outputs,
  type ValueType,
} from '../../api/index.ts';
import { parseSpelled, type Spelled, utf8Length, WHOLE_LIMIT } from '../../json/index.ts';
import { redact } from '../../redaction/index.ts';
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

/** The failure of what ended well without outputs that are declared and not optional; `where` says where they belong. */
export function missingFailure(
  declared: readonly OutputDeclaration[] | undefined,
  outputs: Outputs,
  where: string,
): Failure | undefined {
  const missing = missingOutputs(declared, outputs);
  const [first] = missing;
  if (first === undefined) return undefined;
  const names = missing.length === 1 ? `the output ${first} is` : `the outputs ${missing.join(', ')} are`;
  const message = `${names} declared but missing ${where}; write every declared output, or declare it with optional: true`;
  return { reason: 'OutputMissing', message };
}

const NOT_SPELLED: ReadonlyMap<string, string> = new Map();

/** What a task wrote, by name, and how it spelled numbers in JSON. */
interface Written {
  readonly values: Record<string, Json>;
  readonly texts: Spelled['texts'];
}

function readLines(text: string): Written | string {
  const values: Record<string, Json> = {};
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const equals = line.indexOf('=');
    if (equals < 1) return line;
    values[line.slice(0, equals).trim()] = line.slice(equals + 1);
  }
  return { values, texts: NOT_SPELLED };
}

function readObject(text: string): Written | undefined {
  try {
    const { value, texts } = parseSpelled(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? { values: value, texts } : undefined;
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
    const message = `$ADO_OUTPUTS holds ${MAX_OUTPUT_BYTES} bytes or more, and the node may have truncated it; write less`;
    return { failure: { reason: 'OutputsTooLarge', message } };
  }
  if (text.trim() === '') return { outputs: {} };
  const isJson = text.trimStart().startsWith('{');
  const written = isJson ? readObject(text) : readLines(text);
  if (written === undefined) return invalid('$ADO_OUTPUTS begins with { but is not a JSON object');
  if (typeof written === 'string') {
    const line = quote(JSON.stringify(written), 80);
    return invalid(`$ADO_OUTPUTS has the line ${line}, which is not key=value`);
  }
  return coerceOutputs(written, declared, quote);
}

function coerceOutputs(
  { values, texts }: Written,
  declared: readonly OutputDeclaration[],
  quote: (said: string, max: number) => string,
): ParsedOutputs {
  const outputs: Outputs = {};
  for (const [name, value] of Object.entries(values)) {
    const declaration = declared.find((output) => output.name === name);
    if (!declaration)
      return invalid(`the output ${quote(JSON.stringify(name), 80)} is not declared; add it to outputs`);
    const { type = 'String', optional } = declaration;
    if (value === null && optional === true) continue;
    // A number of JSON is read from its text: as a String it stays as it was written, as a number it must be exact.
    const said = texts.get(name) ?? value;
    const coerced = coerce(said, type);
    if ('problem' in coerced) {
      const shown = quote(JSON.stringify(value), 100);
      return invalid(`the output ${name}: ${shown} is not ${article(type)}${limitOf(type, said)}`);
    }
    outputs[name] = coerced.value;
  }
  return { outputs };
}

/** Why digits are no number, which they look like. */
function limitOf(type: ValueType, said: Json): string {
  const isNumeric = type === 'Integer' || type === 'Number';
  if (!isNumeric || typeof said !== 'string' || !/^\s*-?\d{16,}\s*$/.test(said)) return '';
  return ` within ±${WHOLE_LIMIT}, the limit for exact whole numbers; declare the output as String, which keeps every digit`;
}
