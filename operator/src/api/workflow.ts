import { z } from 'zod';
import { completion, completionStatus } from './completion.ts';
import { conditions } from './conditions.ts';
import { chainRetention, continueAsNew } from './continue-as-new.ts';
import { duration } from './duration.ts';
import { outputDeclaration } from './output.ts';
import { pinnedDefinition } from './pinned-definition.ts';
import { anyJson, expression, identifier, objectName, parameterType, taskName } from './scalars.ts';
import { MAX_PINNED_SCHEDULES, MAX_SCHEDULES, schedule, scheduleStatus } from './schedule.ts';
import { stamp } from './stamp.ts';
import { defaults, task, taskHooks } from './task.ts';
import { artifactRetention, workspace } from './task-artifacts.ts';
import { MAX_TRIGGERS, webhook, webhookStatus } from './webhook.ts';

const bound = (description: string) =>
  z.int().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER).optional().describe(description);

export const parameter = z.object({
  name: identifier.describe('Name of the parameter, read as params.<name>.'),
  type: parameterType
    .optional()
    .describe(
      'Type of the value; default String. Secret: a key of a Secret of the namespace, written as name/key, which tasks get by an env that is this parameter alone.',
    ),
  default: anyJson.optional().describe('Value when a run gives none; without it the parameter is required.'),
  enum: z.array(anyJson).min(1).max(100).optional().describe('The values that it can have.'),
  minimum: bound('The smallest value of an Integer or Number.'),
  maximum: bound('The largest value of an Integer or Number.'),
  pattern: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('What is found in the value of a String, in the syntax of RE2; with ^ and $ it holds for all of it.'),
  allowed: z
    .object({
      names: z
        .array(z.string().min(1).max(253))
        .min(1)
        .max(64)
        .meta({ 'x-kubernetes-list-type': 'set' })
        .describe('Names of Secrets; a * at the end stands for any rest: deploy-*.'),
    })
    .optional()
    .describe(
      'Which Secrets a parameter of the type Secret takes besides its default and its enum; default: no others. In a template: those that the definition names itself.',
    ),
  description: z.string().max(1024).optional().describe('What it is, for people.'),
});

const workflowParameter = parameter.extend({
  valueFrom: z
    .object({
      configMapKeyRef: z
        .object({
          name: objectName.describe('Name of the ConfigMap in the namespace of the workflow.'),
          key: z.string().min(1).max(253).describe('Key in it.'),
        })
        .describe('A ConfigMap.'),
    })
    .optional()
    .describe('Where the value is read when a run starts and gives none; if it is not there, default counts.'),
});

const onChange = z.object({
  of: z
    .array(z.enum(['Tasks', 'Parameters']))
    .min(1)
    .max(2)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe(
      'What is watched: Parameters, or Tasks: all else that a run executes, but no template outside of this workflow.',
    ),
  onCreate: z.enum(['Run', 'Ignore']).optional().describe('Whether the first version runs too; default Run.'),
});

const keep = z.object({
  count: z.int().min(0).max(1000).optional().describe('How many finished runs to keep, the newest ones.'),
  age: duration('How long to keep a finished run; default: no limit.').optional(),
});

const retention = z.object({
  succeeded: keep.optional().describe('Runs that succeeded; default count 20.'),
  failed: keep.optional().describe('Runs that failed or were stopped; default count 50.'),
  pods: z
    .enum(['Keep', 'DeleteSucceeded', 'Delete'])
    .optional()
    .describe(
      'What happens to a pod whose result is read: kept with its run (the default), deleted if it succeeded, or deleted.',
    ),
  artifacts: artifactRetention.optional().describe('How long artifacts and logs of a run are kept.'),
  chain: chainRetention.optional().describe('Runs that continue one another.'),
});

/** What a template hands on when its tasks have ended. */
export const templateOutput = outputDeclaration.extend({
  optional: z
    .boolean()
    .optional()
    .describe(
      'Whether it may be missing: it is where its value is null; default false: then null must fit the type. Read it as outputs.?<name>.orValue(...).',
    ),
  value: expression.describe('CEL over the params and tasks of the template.'),
});

const listMap = (key: string) => ({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] });

/** What a template consists of, whether it stands in a Workflow or is an object of its own. */
export const templateFields = {
  parameters: z.array(parameter).max(100).meta(listMap('name')).optional().describe('Values that a user may give.'),
  defaults: defaults.optional().describe('What every task of the template has unless it says otherwise.'),
  tasks: z.array(task).min(1).max(100).meta(listMap('name')).describe('The tasks of the template.'),
  outputs: z.array(templateOutput).max(64).meta(listMap('name')).optional().describe('What the template hands on.'),
};

const localTemplate = z.object({
  name: taskName.describe('Name of the template, unique in the workflow.'),
  description: z.string().max(1024).optional().describe('What it does, for people.'),
  ...templateFields,
});

/** The part of a Workflow that a run executes; its canonical JSON is digested and pinned as a ControllerRevision. */
export const definitionFields = {
  parameters: z
    .array(workflowParameter)
    .max(100)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('Values that a run may be given.'),
  defaults: defaults.optional().describe('What every task has unless it says otherwise.'),
  timeout: duration(
    'How long a run may take, from the first start that a task asks for; pauses do not count.',
  ).optional(),
  parallelism: z.int().min(1).max(1000).optional().describe('How many tasks of a run are live at once; default 100.'),
  tasks: z
    .array(task)
    .min(1)
    .max(500)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .describe('The tasks. Their order has no meaning: needs have.'),
  workspaces: z
    .array(workspace)
    .max(8)
    .meta(listMap('name'))
    .optional()
    .describe('Volumes that tasks of a run share; those without existingClaim are made for the run and go with it.'),
  templates: z
    .array(localTemplate)
    .max(10)
    .meta(listMap('name'))
    .optional()
    .describe('Templates for the tasks of this workflow.'),
  finally: z
    .array(task)
    .max(20)
    .meta(listMap('name'))
    .optional()
    .describe('Tasks that run after all others have ended, however they did, but for a termination.'),
  hooks: taskHooks.describe('What happens besides when the run starts or ends; it never changes the result.'),
  continueAsNew: continueAsNew.optional().describe('How a run goes on as a new one; by default only loops do.'),
  compensate: z
    .array(z.enum(['Failed', 'Cancelled']))
    .min(1)
    .max(2)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe('When the undo of tasks that succeeded runs, the latest end first; default: never.'),
};

export const definition = z.object(definitionFields);

/** The tasks of a template as they are pinned: without what only people read. */
export type TemplateBody = z.infer<z.ZodObject<typeof templateFields>>;

const concurrency = z.object({
  key: expression
    .optional()
    .describe('CEL over params that yields a text: runs with the same text count together; default: all runs.'),
  limit: z.int().min(1).max(1000).optional().describe('How many runs may be under way at once; default 1.'),
  policy: z
    .enum(['Queue', 'Skip', 'CancelRunning'])
    .optional()
    .describe(
      'What becomes of a run beyond the limit: it waits for its turn (Queue, the default), it is not started (Skip), or it takes the place of the oldest one (CancelRunning).',
    ),
});

export const workflowSpec = z.object({
  writer: stamp
    .optional()
    .describe(
      'Who last wrote what is run and what starts it. Written by the admission webhook: leave it out of manifests.',
    ),
  triggers: z
    .object({
      onChange: onChange.optional().describe('Runs when the definition changes.'),
      webhooks: z
        .array(webhook)
        .max(MAX_TRIGGERS)
        .meta(listMap('name'))
        .optional()
        .describe('Runs when a request comes: POST /hooks/<namespace>/<workflow>/<trigger>.'),
      completions: z
        .array(completion)
        .max(MAX_TRIGGERS)
        .meta(listMap('name'))
        .optional()
        .describe('Runs when a run of another Workflow has ended.'),
      schedules: z
        .array(schedule)
        .max(MAX_SCHEDULES)
        .meta(listMap('name'))
        .optional()
        .describe('Runs at times of day.'),
    })
    .optional()
    .describe('What starts a run by itself; none: a run is started by creating a WorkflowRun.'),
  concurrency: concurrency.optional().describe('How many runs of the workflow may be under way at once; default: all.'),
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
  webhooks: z
    .array(webhookStatus)
    .max(MAX_TRIGGERS)
    .meta(listMap('name'))
    .optional()
    .describe('Where requests of the webhooks are sent to, and whether they can be taken.'),
  completions: z
    .array(completionStatus)
    .max(MAX_TRIGGERS)
    .meta(listMap('name'))
    .optional()
    .describe('From when on the ends of other runs count.'),
  schedules: z
    .array(scheduleStatus)
    .max(MAX_SCHEDULES)
    .meta(listMap('name'))
    .optional()
    .describe('What the schedules have done and will do.'),
  firstSeen: z
    .object({
      at: z.string().max(40).describe('When it was; runs made later are of its triggers only if they prove it.'),
      written: z
        .string()
        .max(64)
        .optional()
        .describe(
          'Digest of what an earlier version had accepted: that counts as written by nobody, until it changes.',
        ),
    })
    .optional()
    .describe('When an operator first saw the Workflow that proves the runs that it makes.'),
  nextRun: z.string().max(40).optional().describe('The next slot of any schedule, for columns.'),
  lastSchedule: z.string().max(40).optional().describe('The newest slot that a schedule started a run for.'),
  pinnedSchedules: z
    .string()
    .max(MAX_PINNED_SCHEDULES)
    .optional()
    .describe('The schedules of the newest valid definition; they go on when an edit is not valid. Opaque.'),
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
/** A definition as it is pinned: with every template that its tasks lead to, by the key of engine/plan/library.ts. */
export type Definition = z.infer<typeof definition> & { library?: Readonly<Record<string, TemplateBody>> };
export type Parameter = z.infer<typeof workflowParameter>;
export type Concurrency = z.infer<typeof concurrency>;
export type Retention = z.infer<typeof retention>;
