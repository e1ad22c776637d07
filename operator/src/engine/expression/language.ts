import { Environment } from '@marcbachmann/cel-js';
import { linearMatches } from './regex.ts';

/**
 * CEL as Ado speaks it: cel-js with optionals and lists and maps of mixed types (JSON has them), and with
 * - `matches`, `timestamp` and `duration` replaced (see REPLACED), since the built-in ones cannot be overridden;
 * - arithmetic between int and double, since JSON does not tell 2 from 2.0.
 */

/** Characters of an expression; the CRD has the same bound. */
export const MAX_SOURCE = 4096;
/** Nodes of the syntax tree. Also bounds recursion, since a chain of operators is as deep as it is long. */
export const MAX_NODES = 1000;

const OPTIONS = {
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
  limits: { maxAstNodes: MAX_NODES, maxDepth: 64, maxListElements: 500, maxMapEntries: 500, maxCallArguments: 8 },
} as const;

/** Built-in functions that Ado replaces: calls are renamed in the syntax tree, and names back in messages. */
export const REPLACED: ReadonlyMap<string, string> = new Map([
  // The built-in one is JavaScript's backtracking RegExp: (a+)+$ on 30 characters takes seconds.
  ['matches', 'linearMatches'],
  // The built-in one takes a text without a zone, and reads it in the zone of the machine.
  ['timestamp', 'zonedTimestamp'],
  // The built-in one searches with a pattern that is cubic in the length of a text that is no duration.
  ['duration', 'boundedDuration'],
]);

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

const plain = new Environment().registerVariable('value', 'dyn');
const plainTimestamp = plain.parse('timestamp(value)');

function zonedTimestamp(value: unknown): unknown {
  if (typeof value === 'string' && !RFC3339.test(value)) {
    throw new RangeError(`timestamp("${value.slice(0, 40)}") needs RFC 3339 with a zone, such as 2024-05-01T12:00:00Z`);
  }
  return plainTimestamp({ value });
}

const DURATION = /^[-+]?(\d{1,18}(\.\d{0,18})?(ns|us|µs|ms|s|m|h))+$/;
const MAX_DURATION = 64;
const plainDuration = plain.parse('duration(value)');

function boundedDuration(value: string): unknown {
  if (value.length > MAX_DURATION || !DURATION.test(value)) {
    throw new RangeError(`duration("${value.slice(0, 40)}") is not a valid duration; write it like 90s or 1h30m`);
  }
  return plainDuration({ value });
}

type Numeric = bigint | number;

/** A fresh environment of the language, without variables. */
export function newLanguage(): Environment {
  const environment = new Environment(OPTIONS)
    .registerFunction('string.linearMatches(string): bool', linearMatches, { async: false })
    .registerFunction('zonedTimestamp(string): google.protobuf.Timestamp', zonedTimestamp, { async: false })
    .registerFunction('zonedTimestamp(int): google.protobuf.Timestamp', zonedTimestamp, { async: false });
  environment.registerFunction('boundedDuration(string): google.protobuf.Duration', boundedDuration, { async: false });
  for (const [left, right] of [
    ['int', 'double'],
    ['double', 'int'],
  ]) {
    environment
      .registerOperator(`${left} + ${right}: double`, (a: Numeric, b: Numeric) => Number(a) + Number(b))
      .registerOperator(`${left} - ${right}: double`, (a: Numeric, b: Numeric) => Number(a) - Number(b))
      .registerOperator(`${left} * ${right}: double`, (a: Numeric, b: Numeric) => Number(a) * Number(b))
      .registerOperator(`${left} / ${right}: double`, (a: Numeric, b: Numeric) => Number(a) / Number(b));
  }
  return environment;
}

/** Functions called as `name(...)`. */
export const FUNCTIONS: ReadonlySet<string> = new Set([
  ...['has', 'size', 'string', 'int', 'uint', 'double', 'bool', 'bytes', 'dyn', 'type', 'duration', 'timestamp'],
]);

/** Functions called as `value.name(...)`, with the numbers of arguments they may have. */
export const METHODS: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...['all', 'exists', 'exists_one', 'filter'].map((name) => [name, [2]] as const),
  ['map', [2, 3]],
  ['bind', [3]],
  ...['size', 'trim', 'lowerAscii', 'upperAscii', 'hex', 'base64', 'string'].map((name) => [name, [0]] as const),
  ...['startsWith', 'endsWith', 'contains', 'matches', 'at', 'or', 'orValue', 'of'].map((name) => [name, [1]] as const),
  ...['indexOf', 'lastIndexOf', 'substring', 'split'].map((name) => [name, [1, 2]] as const),
  ['join', [0, 1]],
  ...['hasValue', 'value', 'none'].map((name) => [name, [0]] as const),
  // Of timestamps and durations, in UTC. The forms that take a zone depend on the data and the zone of the machine.
  ...['getDate', 'getDayOfMonth', 'getDayOfWeek', 'getFullYear', 'getMonth'].map((name) => [name, [0]] as const),
  ...['getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'].map((name) => [name, [0]] as const),
]);

/** Names of the language that are no functions: types, and the namespaces of functions. */
export const CONSTANTS: ReadonlySet<string> = new Set([
  ...['string', 'bool', 'int', 'uint', 'double', 'map', 'list', 'bytes', 'null_type', 'type', 'google', 'cel'],
  'optional',
]);
