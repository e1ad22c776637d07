import { z } from 'zod';
import { duration } from './duration.ts';
import { expression, identifier, objectName, passedOn } from './scalars.ts';

/** What a task can do. It does exactly one of these. */
export const ACTIONS = [
  'run',
  'container',
  'template',
  'workflow',
  'sleep',
  'http',
  'resource',
  'compute',
  'generate',
] as const;
export type Action = (typeof ACTIONS)[number];

const container = z.object({
  image: z.string().min(1).max(1024).optional().describe('Image; default: that of the task or of defaults.'),
  command: z
    .array(z.string().max(16_384))
    .max(64)
    .optional()
    .describe('Entrypoint. May contain ${{ }}, but not after -c.'),
  args: z
    .array(z.string().max(16_384))
    .max(256)
    .optional()
    .describe('Arguments. May contain ${{ }}, but not after -c.'),
});

export const TEMPLATE_KINDS = ['Local', 'WorkflowTemplate', 'ClusterWorkflowTemplate'] as const;
export type TemplateKind = (typeof TEMPLATE_KINDS)[number];

const templateRef = z.object({
  name: objectName.describe('Name of the template.'),
  kind: z
    .enum(TEMPLATE_KINDS)
    .optional()
    .describe('Local: one of spec.templates, the default if there is one of that name; else WorkflowTemplate.'),
  version: z.string().min(1).max(64).optional().describe('The version to use; default: the newest that is valid.'),
});

const childWorkflow = z.object({
  name: objectName.describe('Name of the Workflow in the same namespace.'),
  wait: z
    .boolean()
    .optional()
    .describe('Whether the task ends with the run that it starts, and takes its result; default true.'),
});

const sleep = z
  .object({
    duration: z.string().min(1).max(256).optional().describe('How long, such as 5m. May contain ${{ }}.'),
    until: z.string().min(1).max(256).optional().describe('Until when, as RFC 3339. May contain ${{ }}.'),
  })
  .meta({ oneOf: [{ required: ['duration'] }, { required: ['until'] }] });

const http = z.object({
  url: z.string().min(1).max(2048).describe('Where to. May contain ${{ }}.'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).optional().describe('Default GET.'),
  headers: z
    .record(z.string().max(256), z.string().max(4096))
    .meta({ maxProperties: 32 })
    .optional()
    .describe('Headers by name. Values may contain ${{ }}; secrets go into headersFrom.'),
  headersFrom: z
    .record(
      z.string().max(256),
      z.object({
        secretKeyRef: z.object({
          name: objectName.describe('Name of the Secret in the namespace of the workflow.'),
          key: z.string().min(1).max(253).describe('Key in it.'),
        }),
      }),
    )
    .meta({ maxProperties: 8 })
    .optional()
    .describe('Headers whose values are in Secrets. The request is then made by a pod.'),
  body: z.string().max(65_536).optional().describe('Body. May contain ${{ }}.'),
  successCodes: z
    .array(z.int().min(100).max(599))
    .max(32)
    .optional()
    .describe('Status codes that are a success; default: 200 to 299.'),
  requestTimeout: duration('How long one request may take; default 30s.').optional(),
});

const resource = z.object({
  manifest: passedOn.describe('The object to apply. Texts in it may contain ${{ }}.'),
  successWhen: expression
    .optional()
    .describe('CEL over `object` as it is in the cluster: the task succeeds when it is true; default: at once.'),
  failWhen: expression.optional().describe('CEL over `object`: the task fails when it is true.'),
  outputs: z
    .record(identifier, expression)
    .meta({ maxProperties: 16 })
    .optional()
    .describe('CEL by name over `object`: what the task hands on. Types by outputs of the task.'),
  delete: z
    .enum(['Never', 'OnStop', 'Always'])
    .optional()
    .describe('Whether the object is deleted: when the task is stopped, or also when it has ended; default Never.'),
  serviceAccountName: objectName.optional().describe('Who applies it; default: the service account of the task.'),
});

const compute = z.record(identifier, expression).meta({ maxProperties: 64 });

const generate = z.object({
  tasks: expression.describe('CEL that yields a list of tasks, at most 100 and 16 KiB. They run under this task.'),
});

export const withArguments = z
  .record(identifier, z.string().max(16_384))
  .meta({ maxProperties: 100 })
  .optional()
  .describe('Values for the parameters of the template or workflow. May contain ${{ }}.');

const script = z
  .string()
  .min(1)
  .max(65_536)
  .describe('A script for the shell. May not contain ${{ }}: values go in by env.');

/** The actions of a task. */
export const taskActions = {
  run: script.optional(),
  container: container.optional().describe('A container, for anything that is no script.'),
  template: templateRef.optional().describe('The tasks of a template, with the parameters in `with`.'),
  workflow: childWorkflow.optional().describe('A run of another Workflow, with the parameters in `with`.'),
  sleep: sleep.optional().describe('A wait, without a pod.'),
  http: http.optional().describe('An HTTP request.'),
  resource: resource.optional().describe('An object to apply, and to wait for.'),
  compute: compute.optional().describe('CEL by name: values that the task hands on, without a pod.'),
  generate: generate.optional().describe('Tasks that are made while the run is under way.'),
  with: withArguments,
};

/** What a hook or an undo can do. */
export const sideActions = {
  run: script.optional(),
  container: container.optional().describe('A container, for anything that is no script.'),
  template: templateRef.optional().describe('The tasks of a template, with the parameters in `with`.'),
  http: http.optional().describe('An HTTP request.'),
  with: withArguments,
};

/** A CEL rule: exactly one of these fields is set. */
export function exactlyOne(fields: readonly string[], message: string): { rule: string; message: string } {
  return { rule: `[${fields.map((field) => `has(self.${field})`).join(', ')}].filter(x, x).size() == 1`, message };
}

export type TemplateRef = z.infer<typeof templateRef>;
export type ChildWorkflow = z.infer<typeof childWorkflow>;
export type HttpAction = z.infer<typeof http>;
export type ResourceAction = z.infer<typeof resource>;
