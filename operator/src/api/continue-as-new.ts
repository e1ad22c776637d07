import { z } from 'zod';
import { expression, identifier, objectName } from './scalars.ts';

/** From how many events of a run on it continues as another, at the next boundary of a loop. */
export const DEFAULT_AFTER_EVENTS = 5_000;
/** Finished runs of a chain that are kept besides its newest one. */
export const DEFAULT_KEPT_LINKS = 2;

/** How a run goes on as a new one, so that no history grows without end. */
export const continueAsNew = z
  .object({
    when: expression
      .optional()
      .describe(
        'CEL over params, tasks and run, evaluated when the run would succeed: if true, all tasks run again in a new run that continues this one.',
      ),
    with: z
      .record(identifier, z.string().max(16_384))
      .meta({ maxProperties: 100 })
      .optional()
      .describe(
        'Parameters of the new run, as text that may contain CEL over params, tasks and run; others keep their values.',
      ),
    afterEvents: z
      .int()
      .min(100)
      .max(50_000)
      .optional()
      .describe(
        `A run with a loop continues by itself between two iterations once it has this many events; default ${DEFAULT_AFTER_EVENTS}.`,
      ),
  })
  .meta({
    'x-kubernetes-validations': [
      {
        rule: '!has(self.with) || has(self.when)',
        message: 'with sets parameters of the run that `when` starts; set when',
        fieldPath: '.with',
      },
    ],
  });

export const chainRetention = z.object({
  count: z
    .int()
    .min(0)
    .max(1000)
    .optional()
    .describe(
      `How many finished runs of a chain to keep besides its newest one, which alone counts for succeeded and failed; default ${DEFAULT_KEPT_LINKS}.`,
    ),
});

/** What a run continues: written by the operator when it makes the run, and never changed. */
export const continues = z.object({
  root: objectName.describe('Name of the first run of the chain.'),
  run: objectName.describe('Name of the run before this one.'),
  uid: z.string().max(64).describe('Uid of the run before this one.'),
  index: z.int().min(1).describe('Index of this run in the chain; the first is 0.'),
  since: z.string().max(40).describe('When the first run of the chain was created.'),
});

/** Where a run stands in its chain. */
export const chainStatus = z.object({
  root: z.string().max(253).describe('Name of the first run of the chain.'),
  index: z.int().min(0).describe('Index of this run in the chain; the first is 0.'),
  next: z.string().max(253).optional().describe('The run that continues this one.'),
});

export type ContinueAsNew = z.infer<typeof continueAsNew>;
