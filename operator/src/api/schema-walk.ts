import type { z } from 'zod';

type Schema = z.core.$ZodTypes;

/** A schema without what only says whether there has to be a value. */
function inner(schema: z.core.$ZodType): Schema {
  const { def } = (schema as Schema)._zod;
  return def.type === 'optional' || def.type === 'default' ? inner(def.innerType) : (schema as Schema);
}

/** The schema of what a step leads to, if it is known. */
function stepInto(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType | undefined {
  const { def } = inner(schema)._zod;
  if (def.type === 'array') return def.element;
  if (def.type === 'record') return def.valueType;
  return def.type === 'object' && Object.hasOwn(def.shape, step) ? def.shape[String(step)] : undefined;
}

/** The schema of a field. */
export function schemaAt(schema: z.core.$ZodType, steps: readonly PropertyKey[]): z.core.$ZodType | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return inner(schema);
  const next = stepInto(schema, step);
  return next === undefined ? undefined : schemaAt(next, rest);
}

/** The names of the fields of an object; nothing where there are no fixed ones. */
export function fieldsOf(schema: z.core.$ZodType | undefined): readonly string[] | undefined {
  if (schema === undefined) return undefined;
  const { def } = inner(schema)._zod;
  return def.type === 'object' && def.catchall === undefined ? Object.keys(def.shape) : undefined;
}

/** A field that a schema does not know. */
export interface UnknownField {
  readonly steps: readonly PropertyKey[];
  /** The fields that there are instead. */
  readonly known: readonly string[];
}

/** The first field of a value that a schema does not know and would drop; nothing if it knows all of them. */
export function unknownField(
  schema: z.core.$ZodType,
  value: unknown,
  steps: readonly PropertyKey[] = [],
): UnknownField | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const known = fieldsOf(schema);
  for (const [key, each] of Object.entries(value)) {
    const at = [...steps, Array.isArray(value) ? Number(key) : key];
    const next = stepInto(schema, key);
    if (next === undefined && known !== undefined) return { steps: at, known };
    const found = next === undefined ? undefined : unknownField(next, each, at);
    if (found !== undefined) return found;
  }
  return undefined;
}
