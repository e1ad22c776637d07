import type { z } from 'zod';
import { pathOf } from './field-path.ts';
import { fieldsOf, schemaAt } from './schema-walk.ts';

/** Why a value does not fit its schema. */
export interface Misfit {
  /** The field, such as `spec.tasks[2].needs`. */
  readonly path: string;
  /** The value, what is wrong with it, and what to write. */
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** What a schema found wrong with a value, for people. `root` stands before every path. */
export function misfitsOf(schema: z.ZodType, value: unknown, issues: readonly Issue[], root = ''): Misfit[] {
  return issues.map((issue) => ({
    path: pathOf(issue.path, root),
    message: messageOf(issue, valueAt(value, issue.path), schemaAt(schema, issue.path)),
  }));
}

function valueAt(value: unknown, steps: readonly PropertyKey[]): unknown {
  return steps.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined),
    value,
  );
}

function messageOf(issue: Issue, value: unknown, schema: z.core.$ZodType | undefined): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeMessage(issue.expected, value, schema);
    case 'invalid_value':
      return choiceMessage(issue.values.map(String), value);
    case 'too_big':
      return boundMessage(issue.origin, value, 'at most', issue.maximum);
    case 'too_small':
      return boundMessage(issue.origin, value, 'at least', issue.minimum);
    case 'invalid_format':
      return `${shown(value)} is invalid: ${remedyOf(schema) ?? `it must match ${issue.pattern ?? issue.format}`}`;
    case 'invalid_key':
      return `${shown(issue.path.at(-1))} is not a valid name: ${keyRemedy(issue.issues)}`;
    default:
      return issue.message;
  }
}

const NOUNS: Readonly<Record<string, string>> = {
  array: 'a list',
  string: 'a string',
  object: 'an object',
  record: 'a map',
  number: 'an integer',
  int: 'an integer',
  boolean: 'a Boolean',
};

function typeMessage(expected: string, value: unknown, schema: z.core.$ZodType | undefined): string {
  const noun = NOUNS[expected] ?? expected;
  if (value === undefined) return `it is required; give it ${noun}`;
  if (value === null) return `it is empty; give it ${noun}, or leave the field out`;
  return `${described(value)}, not ${noun}; ${writing(expected, value, schema)}`;
}

function described(value: unknown): string {
  if (Array.isArray(value)) return 'it is a list';
  if (typeof value === 'object') return 'it is an object';
  const noun = typeof value === 'string' ? 'a string' : typeof value === 'number' ? 'a number' : 'a Boolean';
  return `${shown(value)} is ${noun}`;
}

/** What to write instead, in YAML. */
function writing(expected: string, value: unknown, schema: z.core.$ZodType | undefined): string {
  const isScalar = typeof value !== 'object';
  switch (expected) {
    case 'array':
      return isScalar ? `write [${inYaml(value)}]` : 'begin each entry with a dash';
    case 'string':
      return isScalar ? `write it in quotes: "${String(value)}"` : 'write a single string';
    case 'object':
      return fieldsMessage(value, fieldsOf(schema) ?? []);
    case 'record':
      return 'write NAME: VALUE';
    case 'boolean':
      return value === 'true' || value === 'false' ? `write ${value} without quotes` : 'write true or false';
    default:
      return typeof value === 'string' && /^-?\d+$/.test(value)
        ? `write ${value.slice(0, MAX_SHOWN)} without quotes`
        : 'write one without a fraction';
  }
}

function fieldsMessage(value: unknown, fields: readonly string[]): string {
  if (typeof value === 'string' && fields.includes('name')) return `write {name: ${inYaml(value)}}`;
  return fields.length === 0 ? 'write FIELD: VALUE' : `its fields are ${listed(fields)}`;
}

function choiceMessage(allowed: readonly string[], value: unknown): string {
  const choices = allowed.length === 1 ? `write ${allowed[0]}` : `write one of ${listed(allowed)}`;
  if (value === undefined) return `it is required; ${choices}`;
  const meant = allowed.find((choice) => choice.toLowerCase() === String(value).toLowerCase());
  return `${shown(value)} is not allowed; ${meant === undefined ? choices : `write ${meant}`}`;
}

function boundMessage(origin: string, value: unknown, which: string, bound: number | bigint): string {
  if (origin === 'string') return `it has ${String(value).length} characters; ${which} ${bound} are allowed`;
  if (Array.isArray(value)) return `it has ${value.length} entries; ${which} ${bound} are allowed`;
  return `${shown(value)} is out of bounds; ${which} ${bound} is allowed`;
}

/** The sentence that the API server says about the same text. */
function remedyOf(schema: z.core.$ZodType | undefined): string | undefined {
  const meta = (schema as z.ZodType | undefined)?.meta() as
    | { readonly 'x-kubernetes-validations'?: readonly { readonly message?: string }[] }
    | undefined;
  return meta?.['x-kubernetes-validations']?.[0]?.message;
}

function keyRemedy([issue]: readonly Issue[]): string {
  if (issue?.code === 'too_big') return `it has more than ${issue.maximum} characters`;
  return 'use letters, digits and underscores, and do not start with a digit';
}

/** Entries of a list that are told. */
const MAX_LISTED = 12;
const MAX_SHOWN = 60;

const listed = (names: readonly string[]): string =>
  names.length > MAX_LISTED ? `${names.slice(0, MAX_LISTED).join(', ')} and others` : names.join(', ');

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = String(value);
  if (typeof value !== 'string') return text;
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

const inYaml = (value: unknown): string =>
  typeof value === 'string' && /^[a-z][a-z0-9-]{0,60}$/i.test(value) ? value : shown(value);
