import { z } from 'zod';
import { identifier, valueType } from './scalars.ts';

const bound = (description: string) =>
  z.int().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER).optional().describe(description);

/** A value that somebody is asked for. Texts only, so that what is shown can be frozen. */
export const formField = z.object({
  name: identifier.describe('Name of the value, read as tasks.<task>.outputs.<name>.'),
  type: valueType.optional().describe('Type that the text is coerced to; default String.'),
  default: z.string().max(1024).optional().describe('What counts when none is given; without it one must be.'),
  enum: z.array(z.string().max(256)).min(1).max(32).optional().describe('The texts that it can be.'),
  minimum: bound('The smallest value of an Integer or Number.'),
  maximum: bound('The largest value of an Integer or Number.'),
  pattern: z.string().min(1).max(256).optional().describe('What is found in a String, in the syntax of RE2.'),
  description: z.string().max(1024).optional().describe('What it is, for people.'),
});

export type FormField = z.infer<typeof formField>;
