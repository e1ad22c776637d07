import { z } from 'zod';
import { conditions } from './conditions.ts';
import { duration } from './duration.ts';
import { pinnedDefinition } from './pinned-definition.ts';
import { anyJson, identifier, valueType } from './scalars.ts';
import { defaults, task } from './task.ts';

export const parameter = z.object({
  name: identifier.describe('Name of the parameter, read as params.<name>.'),
  type: valueType.optional().describe('Type of the value; default String.'),
  default: anyJson.optional().describe('Value when a run gives none; without it the parameter is required.'),
  description: z.string().max(1024).optional().describe('What it is, for people.'),
});

const onChange = z.object({
  of: z
    .array(z.enum(['Tasks', 'Parameters']))
    .min(1)
    .max(2)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe('What is watched: Tasks (tasks, defaults, timeout, parallelism) or Parameters.'),
  onCreate: z.enum(['Run', 'Ignore']).optional().describe('Whether the first version runs too; default Run.'),
});

const keep = z.object({
  count: z.int().min(0).max(1000).optional().describe('How many finished runs to keep, the newest ones; default 20.'),
  age: duration('How long to keep a finished run; default: no limit.').optional(),
});

const retention = z.object({
  succeeded: keep.optional().describe('Runs that succeeded.'),
  failed: keep.optional().describe('Runs that failed or were stopped; default count 50.'),
  pods: z
    .enum(['Keep', 'DeleteSucceeded', 'Delete'])
    .optional()
    .describe(
      'What happens to a pod whose result is read: kept with its run (the default), deleted if it succeeded, or deleted.',
    ),
});

/** The part of a Workflow that a run executes; its canonical JSON is digested and pinned as a ControllerRevision. */
export const definitionFields = {
  parameters: z
    .array(parameter)
    .max(100)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('Values that a run may be given.'),
  defaults: defaults.optional().describe('What every task has unless it says otherwise.'),
  timeout: duration('How long a run may take, from its first task on; pauses do not count.').optional(),
  parallelism: z.int().min(1).max(1000).optional().describe('How many tasks of a run are live at once; default 100.'),
  tasks: z
    .array(task)
    .min(1)
    .max(500)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .describe('The tasks. Their order has no meaning: needs have.'),
};

export const definition = z.object(definitionFields);

export const workflowSpec = z.object({
  triggers: z
    .object({ onChange: onChange.optional().describe('Runs when the definition changes.') })
    .optional()
    .describe('What starts a run by itself; none: a run is started by creating a WorkflowRun.'),
  retention: retention.optional().describe('How long finished runs and their pods are kept.'),
  ...definitionFields,
});

export const workflowStatus = z.object({
  observedGeneration: z.int().min(0).optional().describe('The generation that this status was computed from.'),
  conditions: conditions.optional(),
  definition: pinnedDefinition.optional().describe('The newest valid definition: what the next run executes.'),
  lastApplied: z
    .object({
      digest: z.string().max(64).describe('Digest of what onChange watches, as last acted upon.'),
      ordinal: z.int().min(0).describe('How many versions onChange has acted upon.'),
      run: z.string().max(253).optional().describe('The run that was started for it.'),
    })
    .optional()
    .describe('High-water mark of onChange: what it was last acted upon, kept after the run is gone.'),
});

const metadata = z.looseObject({});

export const workflow = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    metadata,
    spec: workflowSpec.describe('What to run and when.'),
    status: workflowStatus.optional().describe('What the operator observed.'),
  })
  .describe('A definition of tasks and what starts them.')
  .meta({
    'x-kubernetes-validations': [
      {
        rule: 'size(self.metadata.name) <= 40',
        message: 'the name of a Workflow has at most 40 characters, so that its runs and pods can be named after it',
      },
    ],
  });

export type WorkflowSpec = z.infer<typeof workflowSpec>;
export type WorkflowStatus = z.infer<typeof workflowStatus>;
export type Definition = z.infer<typeof definition>;
export type Parameter = z.infer<typeof parameter>;
export type Retention = z.infer<typeof retention>;
