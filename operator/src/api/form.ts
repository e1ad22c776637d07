import { z } from 'zod';
import { identifier, valueType } from './scalars.ts';

const bound = (description: string) =>
  z.int().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER).optional().describe(description);

/** A value that somebody is asked for. Texts only, so that what is shown can be frozen. */
export const formField = z.object({
  name: identifier.describe('Name of the value, read as tasks.<task>.outputs.<name>.'),
  type: valueType.optional().describe('Type that the text is coerced to; default String.'),
  default: z.string().max(1024).optional().describe('Value used when none is given; without it the value is required.'),
  enum: z.array(z.string().max(256)).min(1).max(32).optional().describe('Allowed values.'),
  minimum: bound('Minimum of an Integer or Number.'),
  maximum: bound('Maximum of an Integer or Number.'),
  pattern: z.string().min(1).max(256).optional().describe('RE2 pattern that a String must contain a match for.'),
  description: z.string().max(1024).optional().describe('Human-readable description.'),
});

export type FormField = z.infer<typeof formField>;
