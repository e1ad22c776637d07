import { z } from 'zod';
import { conditions } from './conditions.ts';
import { formField } from './form.ts';
import { frozen } from './rule.ts';
import { identifier, matching, NAME_PATTERN, objectName } from './scalars.ts';
import { stamp, stampFields } from './stamp.ts';

/** Approval and Input are asked for by a task, and only the operator makes them; Data is sent by anybody who may. */
export const SIGNAL_TYPES = ['Approval', 'Input', 'Data'] as const;
export type SignalType = (typeof SIGNAL_TYPES)[number];
export const DECISIONS = ['Approve', 'Reject'] as const;
export type SignalDecision = (typeof DECISIONS)[number];
/** Every signal ends in one of the last three, exactly once. */
export const SIGNAL_PHASES = ['Pending', 'Delivered', 'Rejected', 'Expired'] as const;
export type SignalPhase = (typeof SIGNAL_PHASES)[number];
export const MAX_RESPONSES = 100;
export const MAX_COMMENT_LENGTH = 1024;

/** What a signal is called between those who send it and the task that waits for it. */
export const signalName = matching(
  z.string().min(1).max(40),
  NAME_PATTERN,
  'use lowercase letters, digits and dashes; start with a letter and do not end with a dash',
);

const values = z
  .record(identifier, z.string().max(4096))
  .meta({ maxProperties: 32 })
  .describe('Values by name, as text; lists and objects as JSON.');
const decision = z.enum(DECISIONS).describe('Approve or Reject.');
const comment = z.string().max(MAX_COMMENT_LENGTH).describe('Comment for the record.');

const response = z
  .object({
    ...stampFields,
    decision: decision.optional(),
    comment: comment.optional(),
    values: values.optional(),
    digest: z.string().max(64).optional().describe('Digest of what was shown to the user.'),
  })
  .meta({
    'x-kubernetes-validations': [
      { rule: 'self == oldSelf', message: 'a recorded response cannot change; leave it as it is' },
    ],
  });

const names = (description: string) =>
  z.array(z.string().max(253)).max(32).meta({ 'x-kubernetes-list-type': 'atomic' }).optional().describe(description);

const request = z.object({
  message: z.string().max(4096).optional().describe('Question to answer.'),
  approvals: z.int().min(1).max(MAX_RESPONSES).optional().describe('Required approvals.'),
  users: names('Users who may answer.'),
  groups: names('Groups whose members may answer.'),
  notRequester: z.string().max(253).optional().describe('Requester of the run, who may not decide.'),
  notRequesters: names('Others who may not decide: the requesters of what led to the run.'),
  form: z
    .array(formField)
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('Requested values.'),
  digest: z.string().max(64).describe('Digest of the whole request.'),
});

const REMEDY = '; send another signal';

export const signalSpec = z
  .object({
    type: z.enum(SIGNAL_TYPES).default('Data').describe('Data: sent to a run. The operator creates the other types.'),
    run: objectName.describe('Name of the WorkflowRun; for a chain of runs, the first one.'),
    name: signalName.optional().describe('Data: the name that a task waits for (waitForSignal.name).'),
    data: values.optional().describe('Data: values to send, by name, as text; lists and objects as JSON.'),
    sender: stamp.optional().describe('Data: who sent it. Set by the admission webhook.'),
    task: z.string().max(512).optional().describe('Approval and Input: path of the task that asks.'),
    request: request.optional().describe('Approval and Input: what is shown. The definition is authoritative.'),
    proof: z
      .string()
      .max(64)
      .optional()
      .describe(
        'Approval and Input: code that proves that the operator created the signal for a task. Only the operator can create it.',
      ),
    decision: decision.optional().describe('Approval: an inbox; what you write here becomes a response.'),
    comment: comment.optional().describe('Approval and Input: an inbox for a comment on the response.'),
    values: values.optional().describe('Approval and Input: an inbox for the requested values.'),
    responses: z
      .array(response)
      .max(MAX_RESPONSES)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['username'] })
      .optional()
      .describe('Approval and Input: responses, one per user. Append-only; the webhook adds them.'),
  })
  .meta({
    'x-kubernetes-validations': [
      frozen('type', REMEDY),
      frozen('run', REMEDY),
      frozen('name', REMEDY),
      frozen('data', REMEDY),
      frozen('sender', REMEDY),
      frozen('task', REMEDY),
      frozen('request', REMEDY),
      frozen('proof', REMEDY),
      {
        rule: "self.type == 'Data' ? has(self.name) && !has(self.task) && !has(self.request) && !has(self.responses) : has(self.task) && has(self.request) && !has(self.name)",
        message: 'a signal of type Data has name and data; only the operator creates the other types',
      },
      {
        rule: "self.type != 'Data' || (!has(self.decision) && !has(self.comment) && !has(self.values))",
        message: 'a signal of type Data carries its values in data; remove decision, comment and values',
      },
      {
        rule: '!has(oldSelf.responses) || (has(self.responses) && oldSelf.responses.all(old, self.responses.exists(new, new.username == old.username)))',
        message: 'responses are append-only; recorded responses cannot change',
        fieldPath: '.responses',
      },
    ],
  });

export const signalStatus = z.object({
  observedGeneration: z.int().min(0).optional().describe('The generation that this status was computed from.'),
  phase: z.enum(SIGNAL_PHASES).optional().describe('Summary for columns; conditions are for logic.'),
  conditions: conditions.optional(),
  run: z.string().max(253).optional().describe('The run that it was delivered to.'),
  task: z.string().max(512).optional().describe('Path of the task that it was delivered to.'),
  decision: decision.optional(),
  waitingFor: z.string().max(256).optional().describe('What is missing, and from whom.'),
  votes: z.string().max(32).optional().describe('Approvals given out of those required, for columns.'),
  expiresAt: z.string().max(40).optional().describe('When it expires.'),
  responses: z
    .array(
      z.object({
        username: z.string().max(253).describe('User name.'),
        counts: z.boolean().describe('Whether it counts.'),
        reason: z.string().max(64).optional().describe('Why it does not count.'),
      }),
    )
    .max(MAX_RESPONSES)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['username'] })
    .optional()
    .describe('Outcome of each response.'),
});

export const signal = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({}),
    spec: signalSpec.describe('What is sent, asked or answered.'),
    status: signalStatus.meta({ 'x-kubernetes-map-type': 'atomic' }).optional().describe('Outcome of the signal.'),
  })
  .describe('Data or a decision for a run, from a person or a system.');

export type SignalSpec = z.infer<typeof signalSpec>;
export type SignalStatus = z.infer<typeof signalStatus>;
export type SignalResponse = z.infer<typeof response>;
export type SignalRequest = z.infer<typeof request>;
