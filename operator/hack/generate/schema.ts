import { z } from 'zod';
import type { Rule } from '../../src/api/index.ts';

/** The part of JSONSchemaProps that our CRDs use. Whatever is not here is refused by the generator. */
export interface CrdSchema {
  description?: string;
  type?: string;
  format?: string;
  default?: unknown;
  enum?: unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: string[];
  properties?: Record<string, CrdSchema>;
  additionalProperties?: CrdSchema | boolean;
  items?: CrdSchema;
  oneOf?: { required: string[] }[];
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic';
  'x-kubernetes-validations'?: Rule[];
}

/** The keys of a node in the order in which they are written; no others are structural, or wanted. */
const KEYS: readonly (keyof CrdSchema)[] = [
  'description',
  'type',
  'format',
  'default',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'properties',
  'additionalProperties',
  'items',
  'oneOf',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
];

/** What zod may be made of where the API server must judge exactly as we do. */
const REPRESENTABLE = new Set('object string number boolean array record enum unknown optional default'.split(' '));
/** Checks that JSON schema cannot say: the API server would not know of them. */
const UNREPRESENTABLE_CHECKS = new Set(['custom', 'overwrite']);

/**
 * What zod makes of a schema, not yet structural.
 * @throws Error naming the path when the schema says something that a CRD cannot: we and the API server would differ
 */
export function jsonSchema(schema: z.ZodType): CrdSchema {
  return z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    cycles: 'throw',
    override: ({ zodSchema, path }) => refuseUnrepresentable(zodSchema, path.join('.')),
  }) as CrdSchema;
}

function refuseUnrepresentable(schema: z.core.$ZodTypes, path: string): void {
  const { def } = schema._zod;
  if (!REPRESENTABLE.has(def.type) || ('coerce' in def && def.coerce)) {
    throw new Error(`${path}: a CRD cannot say zod's ${def.type}; use plain types and a rule in CEL`);
  }
  for (const check of def.checks ?? []) {
    const kind = check._zod.def.check;
    if (UNREPRESENTABLE_CHECKS.has(kind)) {
      throw new Error(`${path}: a CRD cannot say a check of kind ${kind} (refine, trim); use a rule in CEL`);
    }
  }
}

/**
 * One node, and all below it, by the rules of structural schemas. `path` is for messages.
 * @throws Error naming the path when something is not structural, or unbounded
 */
export function structural(raw: CrdSchema, path: string): CrdSchema {
  const node = opened(withoutSafeIntegers(raw));
  const unknownKey = Object.keys(node).find((key) => key !== '$schema' && !KEYS.includes(key as keyof CrdSchema));
  if (unknownKey) throw new Error(`${path}: "${unknownKey}" is not structural; write it as plain members and CEL`);
  if (node.oneOf?.some((branch) => Object.keys(branch).join() !== 'required')) {
    throw new Error(`${path}: a union is not structural; write it as optional members and oneOf of required`);
  }
  requireBounds(node, path);
  const out: Record<string, unknown> = {};
  for (const key of KEYS) if (node[key] !== undefined) out[key] = node[key];
  const result = out as CrdSchema;
  if (node.properties)
    result.properties = mapValues(node.properties, (child, key) => structural(child, `${path}.${key}`));
  if (isSchema(node.additionalProperties)) {
    result.additionalProperties = structural(node.additionalProperties, `${path}{}`);
  }
  if (node.items) result.items = structural(node.items, `${path}[]`);
  if (node.type === 'array') result['x-kubernetes-list-type'] ??= 'atomic';
  return saidByRule(frozenWhole(result, path));
}

/** `additionalProperties: false` is not allowed beside properties, and `{}` means: keep what is unknown. */
function opened(node: CrdSchema): CrdSchema {
  const { additionalProperties, ...rest } = node;
  const open = isSchema(additionalProperties) && Object.keys(additionalProperties).length === 0;
  if (open || node.type === undefined) return { ...rest, 'x-kubernetes-preserve-unknown-fields': true };
  return isSchema(additionalProperties) ? node : rest;
}

/** zod bounds every integer by what a double holds; that is no rule of ours, and noise in `kubectl explain`. */
function withoutSafeIntegers(node: CrdSchema): CrdSchema {
  const { minimum, maximum, ...rest } = node;
  if (minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER) Object.assign(rest, { minimum });
  if (maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER) Object.assign(rest, { maximum });
  return rest;
}

/** An unbounded member makes the cost of every rule above it unbounded, and the API server refuses the CRD. */
function requireBounds(node: CrdSchema, path: string): void {
  const refuse = (what: string) => {
    throw new Error(`${path}: ${what}`);
  };
  if (node.type === 'number') refuse('is a float; write it as an integer or a decimal string');
  if (node.type === 'array' && node.maxItems === undefined) refuse('is a list without .max()');
  if (node.type === 'string' && node.maxLength === undefined && !node.enum) refuse('is a string without .max()');
  if (isSchema(node.additionalProperties) && node.maxProperties === undefined) {
    refuse('is a map without .meta({ maxProperties })');
  }
  if (/\(\?[=!<]|\\[1-9]/.test(node.pattern ?? '')) refuse(`has a pattern that Go cannot run: ${node.pattern}`);
}

/** Measured: CEL sees no unknown fields, so a rule over `oldSelf` would let them change. */
function frozenWhole(node: CrdSchema, path: string): CrdSchema {
  const frozen = node['x-kubernetes-validations']?.some(({ rule }) => rule.includes('oldSelf'));
  if (frozen && JSON.stringify(node).includes('"x-kubernetes-preserve-unknown-fields":true')) {
    throw new Error(`${path}: a rule over oldSelf cannot see into preserve-unknown-fields; type the members`);
  }
  return node;
}

/** A pattern that a rule repeats is left out: the rule has a sentence for people, the pattern has none. */
function saidByRule(node: CrdSchema): CrdSchema {
  const { pattern, ...rest } = node;
  if (pattern === undefined) return node;
  const repeated = node['x-kubernetes-validations']?.some(({ rule }) => rule === matchesRule(pattern));
  return repeated ? rest : node;
}

/** The rule in CEL that says what a pattern says. */
function matchesRule(pattern: string): string {
  return `self.matches('${pattern}')`;
}

function isSchema(value: CrdSchema | boolean | undefined): value is CrdSchema {
  return typeof value === 'object';
}

function mapValues<A, B>(record: Record<string, A>, map: (value: A, key: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
