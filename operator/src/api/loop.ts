import { z } from 'zod';
import { duration } from './duration.ts';
import { expression, identifier } from './scalars.ts';

/** How many iterations a loop has when it does not say, and how many it may ask for. */
export const DEFAULT_ITERATIONS = 100;
export const MAX_ITERATIONS = 1_000_000;

const fields = (what: string) => z.record(identifier, expression).meta({ maxProperties: 16 }).optional().describe(what);

export const loop = z
  .object({
    state: fields('Initial state, as CEL by name; the first iteration reads it as state.<name>.'),
    while: expression
      .optional()
      .describe('CEL over state and iteration, evaluated before each iteration: the loop ends when it is false.'),
    next: fields(
      'State of the next iteration, as CEL by name over state, iteration, outputs and status; other fields stay as they are.',
    ),
    until: expression
      .optional()
      .describe('CEL over state (after `next`), iteration, outputs and status: the loop ends when it is true.'),
    maxIterations: z
      .int()
      .min(1)
      .max(MAX_ITERATIONS)
      .optional()
      .describe(`The loop fails after this many iterations; default ${DEFAULT_ITERATIONS}.`),
    delay: duration('Wait between two iterations; default none.').optional(),
    keepLast: z
      .int()
      .min(0)
      .max(20)
      .optional()
      .describe('How many of the last iterations stay in status.tasks; default 3. The journal has all of them.'),
  })
  .meta({
    'x-kubernetes-validations': [
      { rule: 'has(self.while) || has(self.until)', message: 'a loop needs an end: set while, until, or both' },
      {
        rule: '!has(self.next) || has(self.state)',
        message: 'next changes the state of the loop: declare the initial value in state',
        fieldPath: '.next',
      },
    ],
  });

export type Loop = z.infer<typeof loop>;
