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
  'the name of a signal is lower-case letters, digits and dashes, starts with a letter and does not end with a dash',
);

const values = z
  .record(identifier, z.string().max(4096))
  .meta({ maxProperties: 32 })
  .describe('Values by name, as text; lists and objects as JSON.');
const decision = z.enum(DECISIONS).describe('Approve or Reject.');
const comment = z.string().max(MAX_COMMENT_LENGTH).describe('A remark for the record.');

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
      { rule: 'self == oldSelf', message: 'a response cannot change, since it is on record; leave it as it is' },
    ],
  });

const names = (description: string) =>
  z.array(z.string().max(253)).max(32).meta({ 'x-kubernetes-list-type': 'atomic' }).optional().describe(description);

const request = z.object({
  message: z.string().max(4096).optional().describe('What is asked.'),
  approvals: z.int().min(1).max(MAX_RESPONSES).optional().describe('How many must approve.'),
  users: names('Who is asked.'),
  groups: names('Members of which groups are asked.'),
  notRequester: z.string().max(253).optional().describe('Who asked for the run, and may not decide.'),
  notRequesters: names('Who else may not decide: whoever asked for what led to the run.'),
  form: z
    .array(formField)
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('Values that are asked for.'),
  digest: z.string().max(64).describe('Digest of all of this.'),
});

const REMEDY = '; send another signal';

export const signalSpec = z
  .object({
    type: z.enum(SIGNAL_TYPES).default('Data').describe('Data: sent to a run. The others are made by the operator.'),
    run: objectName.describe('Name of the WorkflowRun; of a chain of runs, its first.'),
    name: signalName.optional().describe('Data: the name that a task waits for, its waitForSignal.name.'),
    data: values.optional().describe('Data: what is sent, by name, as text; lists and objects as JSON.'),
    sender: stamp.optional().describe('Data: who sent it. Written by the admission webhook.'),
    task: z.string().max(512).optional().describe('Approval and Input: path of the task that asks.'),
    request: request.optional().describe('Approval and Input: what is shown. What counts is in the definition.'),
    proof: z
      .string()
      .max(64)
      .optional()
      .describe(
        'Approval and Input: the code by which operators know what they made for a task. Only the operator has it.',
      ),
    decision: decision.optional().describe('Approval: an inbox. What is written here becomes a response.'),
    comment: comment.optional().describe('Approval and Input: an inbox, for a remark that goes with it.'),
    values: values.optional().describe('Approval and Input: an inbox, for the values that are asked for.'),
    responses: z
      .array(response)
      .max(MAX_RESPONSES)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['username'] })
      .optional()
      .describe('Approval and Input: what was answered, one for each user. Only ever added to, by the webhook.'),
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
        message: 'a signal of type Data has name and data; the other types are made by the operator',
      },
      {
        rule: "self.type != 'Data' || (!has(self.decision) && !has(self.comment) && !has(self.values))",
        message: 'a signal of type Data carries what it sends in data; take out decision, comment and values',
      },
      {
        rule: '!has(oldSelf.responses) || (has(self.responses) && oldSelf.responses.all(old, self.responses.exists(new, new.username == old.username)))',
        message: 'responses are only ever added to; what was answered is on record',
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
  votes: z.string().max(32).optional().describe('Approvals of those needed, for columns.'),
  expiresAt: z.string().max(40).optional().describe('When it expires.'),
  responses: z
    .array(
      z.object({
        username: z.string().max(253).describe('Who.'),
        counts: z.boolean().describe('Whether it counts.'),
        reason: z.string().max(64).optional().describe('Why it does not.'),
      }),
    )
    .max(MAX_RESPONSES)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['username'] })
    .optional()
    .describe('What became of each response.'),
});

export const signal = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({}),
    spec: signalSpec.describe('What is sent, asked or answered.'),
    status: signalStatus.meta({ 'x-kubernetes-map-type': 'atomic' }).optional().describe('What became of it.'),
  })
  .describe('Data or a decision for a run, from a person or a system.');

export type SignalSpec = z.infer<typeof signalSpec>;
export type SignalStatus = z.infer<typeof signalStatus>;
export type SignalResponse = z.infer<typeof response>;
export type SignalRequest = z.infer<typeof request>;
