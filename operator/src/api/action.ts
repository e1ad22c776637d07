import { z } from 'zod';
import { duration } from './duration.ts';
import { formField } from './form.ts';
import { exactlyOne } from './rule.ts';
import { expression, identifier, objectName, passedOn } from './scalars.ts';
import { MAX_RESPONSES, signalName } from './signal.ts';

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
  'approval',
  'waitForSignal',
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
  .meta({
    'x-kubernetes-validations': [exactlyOne(['duration', 'until'], 'a sleep has duration or until, and not both')],
  });

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
  conflict: z
    .enum(['Fail', 'Force'])
    .optional()
    .describe(
      'Fields that others own with other values: the task fails and names them (Fail, the default), or takes them over.',
    ),
  serviceAccountName: objectName.optional().describe('Who applies it; default: the service account of the task.'),
});

const compute = z.record(identifier, expression).meta({ maxProperties: 64 });

const generate = z.object({
  tasks: expression.describe('CEL that yields a list of tasks, at most 100 and 16 KiB. They run under this task.'),
});

const people = z.object({
  users: z
    .array(z.string().min(1).max(253))
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe('Users by name. A service account counts only here: system:serviceaccount:<namespace>:<name>.'),
  groups: z
    .array(z.string().min(1).max(253))
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe('Groups whose members count, but for service accounts.'),
});

const form = z
  .array(formField)
  .max(32)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
  .optional();

const unattested = z
  .boolean()
  .optional()
  .describe('Whether what the admission webhook does not vouch for counts too; default false.');

const approval = z.object({
  message: z.string().min(1).max(4096).describe('What is asked. May contain ${{ }}.'),
  approvers: people.optional().describe('Who may decide; default: everybody who may patch signals.'),
  approvals: z.int().min(1).max(MAX_RESPONSES).optional().describe('How many must approve; default 1.'),
  rejections: z.int().min(1).max(MAX_RESPONSES).optional().describe('How many rejections fail it; default 1: a veto.'),
  notRequester: z
    .boolean()
    .optional()
    .describe(
      'Whether who asked for the run may not decide; a run whose requester is not known then waits for others.',
    ),
  form: form.describe('Values that who approves may give; they become outputs.'),
  expiresAfter: duration('How long to wait; default: until somebody decides.').optional(),
  onExpiry: z
    .enum(['Reject', 'Approve', 'Escalate'])
    .optional()
    .describe('What happens then: it fails (Reject, the default), it succeeds, or others are asked.'),
  escalation: z
    .object({
      approvers: people.describe('Who may decide then, besides the others.'),
      approvals: z
        .int()
        .min(1)
        .max(MAX_RESPONSES)
        .optional()
        .describe('How many must approve then; default: as before.'),
      expiresAfter: duration('How much longer to wait; default: until somebody decides.').optional(),
      onExpiry: z.enum(['Reject', 'Approve']).optional().describe('What happens then; default Reject.'),
    })
    .optional()
    .describe('Escalate: who is asked then.'),
  allowUnattested: unattested,
});

const waitForSignal = z.object({
  name: signalName.optional().describe('Name of the signals that it waits for; default: that of the task.'),
  values: form.describe('What a signal carries; its values become outputs. One that does not fit is rejected.'),
  from: people.optional().describe('Who may send it; default: everybody who may create signals.'),
  expiresAfter: duration('How long to wait; default: until one comes.').optional(),
  onExpiry: z
    .enum(['Fail', 'Continue'])
    .optional()
    .describe('What happens then: it fails (the default), or it succeeds without values.'),
  allowUnattested: unattested,
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
  approval: approval.optional().describe('A decision of people.'),
  waitForSignal: waitForSignal.optional().describe('Data that is sent to the run.'),
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

export type TemplateRef = z.infer<typeof templateRef>;
export type ChildWorkflow = z.infer<typeof childWorkflow>;
export type HttpAction = z.infer<typeof http>;
export type Approval = z.infer<typeof approval>;
export type WaitForSignal = z.infer<typeof waitForSignal>;
export type People = z.infer<typeof people>;
export type ResourceAction = z.infer<typeof resource>;
