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
  image: z.string().min(1).max(1024).optional().describe('Image; default: the image of the task or of defaults.'),
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
    .describe(
      'Kind of the template; default: Local (one of spec.templates) if one has that name, else WorkflowTemplate.',
    ),
  version: z.string().min(1).max(64).optional().describe('Version to use; default: the newest valid one.'),
});

const childWorkflow = z.object({
  name: objectName.describe('Name of the Workflow in the same namespace.'),
  wait: z
    .boolean()
    .optional()
    .describe('Whether the task waits for the run that it starts and takes its result; default true.'),
});

const sleep = z
  .object({
    duration: z.string().min(1).max(256).optional().describe('Duration of the sleep, such as 5m. May contain ${{ }}.'),
    until: z.string().min(1).max(256).optional().describe('End of the sleep, in RFC 3339. May contain ${{ }}.'),
  })
  .meta({
    'x-kubernetes-validations': [exactlyOne(['duration', 'until'], 'a sleep needs exactly one of duration and until')],
  });

const http = z.object({
  url: z.string().min(1).max(2048).describe('URL of the request. May contain ${{ }}.'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).optional().describe('HTTP method; default GET.'),
  headers: z
    .record(z.string().max(256), z.string().max(4096))
    .meta({ maxProperties: 32 })
    .optional()
    .describe('Headers by name. Values may contain ${{ }}; use headersFrom for secrets.'),
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
    .describe('Headers with values from Secrets. A pod then makes the request.'),
  body: z.string().max(65_536).optional().describe('Body. May contain ${{ }}.'),
  successCodes: z
    .array(z.int().min(100).max(599))
    .max(32)
    .optional()
    .describe('Status codes that count as success; default: 200 to 299.'),
  requestTimeout: duration('Timeout of one request; default 30s.').optional(),
});

const resource = z.object({
  manifest: passedOn.describe('The object to apply. Strings in it may contain ${{ }}.'),
  successWhen: expression
    .optional()
    .describe('CEL over `object`, the live object: the task succeeds when it is true; default: immediately.'),
  failWhen: expression.optional().describe('CEL over `object`: the task fails when it is true.'),
  outputs: z
    .record(identifier, expression)
    .meta({ maxProperties: 16 })
    .optional()
    .describe('Outputs by name, as CEL over `object`; `outputs` of the task declares their types.'),
  delete: z
    .enum(['Never', 'OnStop', 'Always'])
    .optional()
    .describe(
      'When the object is deleted: never (Never, the default), when the task is stopped (OnStop), or also when it has ended (Always).',
    ),
  conflict: z
    .enum(['Fail', 'Force'])
    .optional()
    .describe(
      'Fields that other managers own with other values: the task fails and names them (Fail, the default), or takes them over (Force).',
    ),
  serviceAccountName: objectName
    .optional()
    .describe('Service account that applies the object; default: that of the task.'),
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
    .describe('User names. Service accounts count only if listed here: system:serviceaccount:<namespace>:<name>.'),
  groups: z
    .array(z.string().min(1).max(253))
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe('Groups whose members count, except service accounts.'),
});

const form = z
  .array(formField)
  .max(32)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
  .optional();

const unattested = z
  .boolean()
  .optional()
  .describe('Whether responses and signals that the admission webhook does not attest count too; default false.');

const approval = z.object({
  message: z.string().min(1).max(4096).describe('Question shown to the approvers. May contain ${{ }}.'),
  approvers: people.optional().describe('Who may decide; default: anyone who may patch signals.'),
  approvals: z.int().min(1).max(MAX_RESPONSES).optional().describe('Required approvals; default 1.'),
  rejections: z
    .int()
    .min(1)
    .max(MAX_RESPONSES)
    .optional()
    .describe('Rejections that fail the task; default 1: a veto.'),
  notRequester: z
    .boolean()
    .optional()
    .describe(
      'Whether the requester of the run is excluded from deciding; a run with an unknown requester then waits for others.',
    ),
  form: form.describe('Values that approvers may give; they become outputs.'),
  expiresAfter: duration('How long to wait; default: until someone decides.').optional(),
  onExpiry: z
    .enum(['Reject', 'Approve', 'Escalate'])
    .optional()
    .describe(
      'What happens on expiry: the task fails (Reject, the default), succeeds (Approve), or asks others (Escalate).',
    ),
  escalation: z
    .object({
      approvers: people.describe('Additional approvers.'),
      approvals: z
        .int()
        .min(1)
        .max(MAX_RESPONSES)
        .optional()
        .describe('Required approvals after escalation; default: unchanged.'),
      expiresAfter: duration('How much longer to wait; default: until someone decides.').optional(),
      onExpiry: z.enum(['Reject', 'Approve']).optional().describe('What happens on the second expiry; default Reject.'),
    })
    .optional()
    .describe('Whom to ask with onExpiry: Escalate.'),
  allowUnattested: unattested,
});

const waitForSignal = z.object({
  name: signalName.optional().describe('Name of the signal to wait for; default: the name of the task.'),
  values: form.describe('Values that a signal carries; they become outputs. A signal that does not fit is rejected.'),
  from: people.optional().describe('Who may send it; default: anyone who may create signals.'),
  expiresAfter: duration('How long to wait; default: until a signal arrives.').optional(),
  onExpiry: z
    .enum(['Fail', 'Continue'])
    .optional()
    .describe('What happens on expiry: the task fails (Fail, the default) or succeeds without values (Continue).'),
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
  .describe('A shell script. May not contain ${{ }}; pass values through env.');

/** The actions of a task. */
export const taskActions = {
  run: script.optional(),
  container: container.optional().describe('Runs a container, for anything that is not a script.'),
  template: templateRef.optional().describe('Runs the tasks of a template with the parameters in `with`.'),
  workflow: childWorkflow.optional().describe('Starts a run of another Workflow with the parameters in `with`.'),
  sleep: sleep.optional().describe('Waits without a pod.'),
  http: http.optional().describe('Makes an HTTP request.'),
  resource: resource.optional().describe('Applies an object and waits for it.'),
  compute: compute.optional().describe('Computes outputs without a pod, as CEL by name.'),
  generate: generate.optional().describe('Generates tasks while the run is active.'),
  approval: approval.optional().describe('Waits for people to decide.'),
  waitForSignal: waitForSignal.optional().describe('Waits for data sent to the run.'),
  with: withArguments,
};

/** What a hook or an undo can do. */
export const sideActions = {
  run: script.optional(),
  container: container.optional().describe('Runs a container, for anything that is not a script.'),
  template: templateRef.optional().describe('Runs the tasks of a template with the parameters in `with`.'),
  http: http.optional().describe('Makes an HTTP request.'),
  with: withArguments,
};

export type TemplateRef = z.infer<typeof templateRef>;
export type ChildWorkflow = z.infer<typeof childWorkflow>;
export type HttpAction = z.infer<typeof http>;
export type Approval = z.infer<typeof approval>;
export type WaitForSignal = z.infer<typeof waitForSignal>;
export type People = z.infer<typeof people>;
export type ResourceAction = z.infer<typeof resource>;
