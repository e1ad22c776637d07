import { z } from 'zod';
import { duration } from './duration.ts';
import { expression, identifier } from './scalars.ts';

/** How many iterations a loop has when it does not say, and how many it may ask for. */
export const DEFAULT_ITERATIONS = 100;
export const MAX_ITERATIONS = 1_000_000;

const fields = (what: string) => z.record(identifier, expression).meta({ maxProperties: 16 }).optional().describe(what);

export const loop = z
  .object({
    state: fields('CEL by name: what the first iteration reads as state.<name>.'),
    while: expression
      .optional()
      .describe('CEL over state and iteration, asked before each iteration: the loop ends when it is false.'),
    next: fields(
      'CEL by name over state, iteration, outputs and status: what the following iteration reads; other fields stay as they are.',
    ),
    until: expression
      .optional()
      .describe('CEL over state (that of `next`), iteration, outputs and status: the loop ends when it is true.'),
    maxIterations: z
      .int()
      .min(1)
      .max(MAX_ITERATIONS)
      .optional()
      .describe(`The loop fails after as many iterations; default ${DEFAULT_ITERATIONS}.`),
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
      { rule: 'has(self.while) || has(self.until)', message: 'a loop needs an end: give it while, until, or both' },
      {
        rule: '!has(self.next) || has(self.state)',
        message: 'next changes the state of the loop: declare its first value in state',
        fieldPath: '.next',
      },
    ],
  });

export type Loop = z.infer<typeof loop>;
