import { z } from 'zod';
import { anyJson, expression, identifier } from './scalars.ts';

/** How many items a fan-out may have, whatever they come from. */
export const MAX_ITEMS = 5000;

const sequence = z.object({
  from: z.int().min(-1_000_000_000).max(1_000_000_000).optional().describe('The first number; default 0.'),
  to: z.int().min(-1_000_000_000).max(1_000_000_000).describe('The last number, if the steps reach it.'),
  step: z.int().min(-1_000_000).max(1_000_000).optional().describe('Increment; default 1, never 0.'),
});

const combination = z.record(z.string().max(40), anyJson).meta({ maxProperties: 16 });

const matrix = z.object({
  axes: z
    .record(identifier, z.array(anyJson).min(1).max(500))
    .meta({ maxProperties: 8 })
    .describe('Values by name; every combination of them is an item, read as item.<name>.'),
  exclude: z
    .array(combination)
    .max(200)
    .optional()
    .describe('Combinations to leave out: those that match all of these values.'),
  include: z.array(combination).max(200).optional().describe('Items to add after the combinations.'),
});

const SOURCES = ['items', 'itemsFrom', 'sequence', 'matrix'] as const;

export const forEach = z
  .object({
    items: z.array(anyJson).max(MAX_ITEMS).optional().describe('The items, any JSON.'),
    itemsFrom: expression
      .optional()
      .describe('CEL that yields a list of items, or a map: each item then has key and value, ordered by key.'),
    sequence: sequence.optional().describe('The items are whole numbers.'),
    matrix: matrix.optional().describe('The items are the combinations of several lists.'),
    key: expression
      .optional()
      .describe('CEL over item and index that yields a unique display name for each item, at most 63 characters.'),
    parallelism: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('How many items run at once; default: as many as the run allows.'),
    failFast: z
      .boolean()
      .optional()
      .describe('Whether the first failure ends running items and starts no others; default false.'),
  })
  // Not a rule in CEL: a list of any JSON is invisible to it.
  .meta({ oneOf: SOURCES.map((name) => ({ required: [name] })) });

export type ForEach = z.infer<typeof forEach>;
