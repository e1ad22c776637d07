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
      'Type of the value; default String. Secret: a key of a Secret in the namespace, written as name/key; a task reads it through an env variable that contains only this parameter.',
    ),
  default: anyJson.optional().describe('Value used when a run gives none; without it the parameter is required.'),
  enum: z.array(anyJson).min(1).max(100).optional().describe('Allowed values.'),
  minimum: bound('Minimum of an Integer or Number.'),
  maximum: bound('Maximum of an Integer or Number.'),
  pattern: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('RE2 pattern that a String must contain a match for; use ^ and $ to match the whole value.'),
  allowed: z
    .object({
      names: z
        .array(z.string().min(1).max(253))
        .min(1)
        .max(64)
        .meta({ 'x-kubernetes-list-type': 'set' })
        .describe('Names of Secrets; a trailing * matches any suffix: deploy-*.'),
    })
    .optional()
    .describe(
      'Secrets that a parameter of type Secret accepts besides its default and enum; default: no others. In a template: those that the definition itself names.',
    ),
  description: z.string().max(1024).optional().describe('Human-readable description.'),
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
    .describe('Source of the value when a run starts without one; if it is missing, default applies.'),
});

const onChange = z.object({
  of: z
    .array(z.enum(['Tasks', 'Parameters']))
    .min(1)
    .max(2)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe(
      'What to watch: Parameters, or Tasks: everything else that a run executes, except templates outside this workflow.',
    ),
  onCreate: z.enum(['Run', 'Ignore']).optional().describe('Whether the first version starts a run too; default Run.'),
});

const keep = z.object({
  count: z.int().min(0).max(1000).optional().describe('Number of finished runs to keep; the newest are kept.'),
  age: duration('How long to keep a finished run; default: no limit.').optional(),
});

const retention = z.object({
  succeeded: keep.optional().describe('Runs that succeeded; default count 20.'),
  failed: keep.optional().describe('Runs that failed or were stopped; default count 50.'),
  pods: z
    .enum(['Keep', 'DeleteSucceeded', 'Delete'])
    .optional()
    .describe(
      'What happens to a pod once its result is read: it is kept with its run (Keep, the default), deleted if it succeeded (DeleteSucceeded), or deleted (Delete).',
    ),
  artifacts: artifactRetention.optional().describe('How long artifacts and logs of a run are kept.'),
  chain: chainRetention.optional().describe('Retention of runs that continue one another.'),
});

/** What a template hands on when its tasks have ended. */
export const templateOutput = outputDeclaration.extend({
  optional: z
    .boolean()
    .optional()
    .describe(
      'Whether the output may be missing, which it is when its value is null; default false: null must then fit the type. Read an optional output as outputs.?<name>.orValue(...).',
    ),
  value: expression.describe('CEL over the params and tasks of the template.'),
});

const listMap = (key: string) => ({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] });

/** What a template consists of, whether it stands in a Workflow or is an object of its own. */
export const templateFields = {
  parameters: z.array(parameter).max(100).meta(listMap('name')).optional().describe('Parameters of the template.'),
  defaults: defaults.optional().describe('Defaults for every task of the template.'),
  tasks: z.array(task).min(1).max(100).meta(listMap('name')).describe('The tasks of the template.'),
  outputs: z.array(templateOutput).max(64).meta(listMap('name')).optional().describe('Outputs of the template.'),
};

const localTemplate = z.object({
  name: taskName.describe('Name of the template, unique in the workflow.'),
  description: z.string().max(1024).optional().describe('Human-readable description.'),
  ...templateFields,
});

/** The part of a Workflow that a run executes; its canonical JSON is digested and pinned as a ControllerRevision. */
export const definitionFields = {
  parameters: z
    .array(workflowParameter)
    .max(100)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('Parameters that a run accepts.'),
  defaults: defaults.optional().describe('Defaults for every task.'),
  timeout: duration(
    'Maximum duration of a run, from the first start that a task requests; pauses do not count.',
  ).optional(),
  parallelism: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('Maximum number of tasks of a run that are live at once; default 100.'),
  tasks: z
    .array(task)
    .min(1)
    .max(500)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .describe('The tasks. List order does not matter; needs determine the order.'),
  workspaces: z
    .array(workspace)
    .max(8)
    .meta(listMap('name'))
    .optional()
    .describe('Volumes that tasks of a run share; those without existingClaim are created and deleted with the run.'),
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
    .describe('Tasks that run after all others have ended, whatever their result, unless the run is terminated.'),
  hooks: taskHooks.describe('Side actions when the run starts or ends; they never change the result.'),
  continueAsNew: continueAsNew.optional().describe('How a run continues as a new one; by default only loops do.'),
  compensate: z
    .array(z.enum(['Failed', 'Cancelled']))
    .min(1)
    .max(2)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe('When to run the undo of tasks that succeeded, last finished first; default: never.'),
};

export const definition = z.object(definitionFields);

/** The tasks of a template as they are pinned: without what only people read. */
export type TemplateBody = z.infer<z.ZodObject<typeof templateFields>>;

const concurrency = z.object({
  key: expression
    .optional()
    .describe(
      'CEL over params that yields a string; runs with the same string share the limit; default: all runs share it.',
    ),
  limit: z.int().min(1).max(1000).optional().describe('Maximum number of active runs; default 1.'),
  policy: z
    .enum(['Queue', 'Skip', 'CancelRunning'])
    .optional()
    .describe(
      'What happens to a run beyond the limit: it waits for its turn (Queue, the default), is not started (Skip), or replaces the oldest one (CancelRunning).',
    ),
});

export const workflowSpec = z.object({
  writer: stamp
    .optional()
    .describe(
      'Who last wrote the definition and its triggers. Set by the admission webhook; leave it out of manifests.',
    ),
  triggers: z
    .object({
      onChange: onChange.optional().describe('Starts runs when the definition changes.'),
      webhooks: z
        .array(webhook)
        .max(MAX_TRIGGERS)
        .meta(listMap('name'))
        .optional()
        .describe('Starts runs on HTTP requests: POST /hooks/<namespace>/<workflow>/<trigger>.'),
      completions: z
        .array(completion)
        .max(MAX_TRIGGERS)
        .meta(listMap('name'))
        .optional()
        .describe('Starts runs when a run of another Workflow has ended.'),
      schedules: z
        .array(schedule)
        .max(MAX_SCHEDULES)
        .meta(listMap('name'))
        .optional()
        .describe('Starts runs on cron schedules.'),
    })
    .optional()
    .describe('What starts runs automatically. Without triggers, start a run by creating a WorkflowRun.'),
  concurrency: concurrency.optional().describe('Limits the active runs of the workflow; default: no limit.'),
  retention: retention.optional().describe('How long finished runs and their pods are kept.'),
  ...definitionFields,
});

export const workflowStatus = z.object({
  observedGeneration: z.int().min(0).optional().describe('The generation that this status was computed from.'),
  conditions: conditions.optional(),
  definition: pinnedDefinition.optional().describe('The newest valid definition: what the next run executes.'),
  lastApplied: z
    .object({
      digest: z.string().max(64).describe('Digest of the watched content that onChange last acted on.'),
      ordinal: z.int().min(0).describe('Number of versions that onChange has acted on.'),
      run: z.string().max(253).optional().describe('The run that was started for it.'),
    })
    .optional()
    .describe('High-water mark of onChange: what it last acted on; kept after the run is gone.'),
  webhooks: z
    .array(webhookStatus)
    .max(MAX_TRIGGERS)
    .meta(listMap('name'))
    .optional()
    .describe('Paths of the webhooks, and whether they accept requests.'),
  completions: z
    .array(completionStatus)
    .max(MAX_TRIGGERS)
    .meta(listMap('name'))
    .optional()
    .describe('Times from which the ends of other runs count.'),
  schedules: z
    .array(scheduleStatus)
    .max(MAX_SCHEDULES)
    .meta(listMap('name'))
    .optional()
    .describe('Past and upcoming slots of the schedules.'),
  firstSeen: z
    .object({
      at: z
        .string()
        .max(40)
        .describe('The time; runs created later count as made by its triggers only if they prove it.'),
      written: z
        .string()
        .max(64)
        .optional()
        .describe('Digest of what an earlier version accepted; it counts as written by nobody until it changes.'),
    })
    .optional()
    .describe('When an operator that proves the runs it creates first saw the Workflow.'),
  nextRun: z.string().max(40).optional().describe('The next slot of any schedule, for columns.'),
  lastSchedule: z.string().max(40).optional().describe('The newest slot that a schedule started a run for.'),
  pinnedSchedules: z
    .string()
    .max(MAX_PINNED_SCHEDULES)
    .optional()
    .describe('The schedules of the newest valid definition; they stay active when an edit is invalid. Opaque.'),
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
  .describe('A set of tasks and the triggers that start them.')
  .meta({
    'x-kubernetes-validations': [
      {
        rule: 'size(self.metadata.name) <= 40',
        message: 'the name of a Workflow has at most 40 characters, because its runs and pods are named after it',
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
