import { z } from 'zod';
import { ACTIONS, sideActions, taskActions } from './action.ts';
import { duration } from './duration.ts';
import { forEach } from './for-each.ts';
import { loop } from './loop.ts';
import { outputDeclaration } from './output.ts';
import { podSurface } from './pod-surface.ts';
import { exactlyOne } from './rule.ts';
import { expression, objectName, taskName } from './scalars.ts';
import { taskArtifacts, workspaceMount } from './task-artifacts.ts';

const backoff = z.object({
  duration: duration('Wait before the first retry; default 1s.').optional(),
  factor: z.int().min(1).max(10).optional().describe('Each further wait is this many times longer; default 2.'),
  cap: duration('The longest wait; default 5m.').optional(),
  jitter: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe('Percent by which a wait is shortened, differently for each attempt; default 0.'),
});

export const retry = z.object({
  limit: z
    .int()
    .min(0)
    .max(100)
    .describe('How often a failed attempt is tried again. Infrastructure failures have their own counter.'),
  backoff: backoff.optional().describe('How long to wait between attempts.'),
  when: expression.optional().describe('CEL over exitCode, reason, message and attempt: retry only if true.'),
  otherNode: z
    .boolean()
    .optional()
    .describe(
      'Whether an attempt avoids the nodes on which the earlier ones failed, if there are others; default false.',
    ),
});

/** What a task and `defaults` share besides the pod surface. */
export const taskDefaults = {
  shell: z
    .array(z.string().min(1).max(256))
    .min(1)
    .max(8)
    .optional()
    .describe('Interpreter of `run`; default [sh, -c].'),
  timeout: duration(
    'How long the task may take from the first start that it asks for, all attempts and waits included; with forEach: each item. Waiting for needs and for parallelism does not count.',
  ).optional(),
  attemptTimeout: duration('How long one attempt may take; it fails then, and may be retried.').optional(),
  failureMessage: z
    .enum(['Show', 'Withhold'])
    .optional()
    .describe(
      'Whether what the container or the server said is shown when an attempt fails; default: Withhold where the task reads Secrets, else Show, without what looks like a secret.',
    ),
  pendingTimeout: duration(
    'How long an attempt may be kept from starting, by whatever does so: a quota, an admission policy, permits, a node, an image. Default 15m, which does not end a wait for permits that others hold or for a cached result.',
  ).optional(),
  retry: retry.optional().describe('What to do when an attempt fails; default: nothing.'),
};

const side = z.object({
  ...sideActions,
  image: podSurface.image,
  env: podSurface.env,
  serviceAccountName: podSurface.serviceAccountName,
  timeout: taskDefaults.timeout,
  retry: taskDefaults.retry,
  failureMessage: taskDefaults.failureMessage,
});
const ONE_SIDE_ACTION = exactlyOne(
  ['run', 'container', 'template', 'http'],
  'it does exactly one thing: give it run, container, template or http',
);

export const undo = side.meta({ 'x-kubernetes-validations': [ONE_SIDE_ACTION] });

export const HOOK_EVENTS = ['Started', 'Succeeded', 'Failed', 'Finished'] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];

const hook = side
  .extend({
    event: z.enum(HOOK_EVENTS).optional().describe('When: Finished is any end but being skipped.'),
    on: z
      .enum(HOOK_EVENTS)
      .optional()
      .describe(
        'The name of `event` before. Without quotes it is true to YAML 1.1, and kubectl refuses it: write event.',
      ),
  })
  .meta({
    'x-kubernetes-validations': [
      ONE_SIDE_ACTION,
      {
        rule: 'has(self.event) != has(self.on)',
        message:
          'a hook says when it runs: give it event (Started, Succeeded, Failed or Finished), and no "on" besides',
      },
    ],
  });

/** When a hook runs. Definitions of before say it by `on`; they keep their digests, so the field is read wherever it stands. */
export const eventOf = ({ event, on }: Pick<Hook, 'event' | 'on'>): HookEvent => event ?? on ?? 'Finished';

/** What a hook or an undo does, without when. */
export function sideOf(side: Hook | Undo): Undo {
  const { event: _event, on: _on, ...action } = side as Hook;
  return action;
}

/** At most one hook an event. The list cannot be a map: what would be its key has two names. */
const EACH_EVENT_ONCE = {
  rule: `[${HOOK_EVENTS.map((name) => `'${name}'`).join(', ')}].all(e, self.filter(h, (has(h.event) && h.event == e) || (has(h.on) && h.on == e)).size() <= 1)`,
  message: 'there is one hook for each event: put what happens at the same event into one hook, or into a template',
};

export const taskHooks = z
  .array(hook)
  .max(8)
  .meta({ 'x-kubernetes-list-type': 'atomic', 'x-kubernetes-validations': [EACH_EVENT_ONCE] })
  .optional();

const cache = z.object({
  key: z
    .string()
    .min(1)
    .max(1024)
    .describe('Text with ${{ }}: attempts with the same key in a namespace have the same result.'),
  maxAge: duration('How old a result may be; default 24h.').optional(),
});

const permit = z.object({
  name: objectName.describe('Name of the Semaphore in the namespace of the workflow.'),
  permits: z.int().min(1).max(1000).optional().describe('How many permits an attempt takes; default 1.'),
  shareBy: expression
    .optional()
    .describe('CEL that yields a text: waiting attempts take turns by it, so that none has more than its share.'),
});

export const task = z
  .object({
    name: taskName.describe('Name of the task, unique in the workflow.'),
    description: z.string().max(1024).optional().describe('What the task does, for people.'),
    needs: z
      .array(taskName)
      .max(64)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional()
      .describe('Tasks that must be finished before this one.'),
    runIf: z
      .enum(['Succeeded', 'Failed', 'Always'])
      .optional()
      .describe(
        'Which end of its needs makes the task run: all well (Succeeded, the default), a failure (Failed), or any (Always).',
      ),
    when: expression.optional().describe('CEL; the task is skipped when it is false.'),
    forEach: forEach.optional().describe('Runs the task once for each item, which env and expressions see as `item`.'),
    loop: loop.optional().describe('Runs the task again and again, with a state that is carried on.'),
    onFailure: z
      .enum(['Fail', 'Continue'])
      .optional()
      .describe('Whether a failure of this task fails the run; default Fail.'),
    ...taskActions,
    outputs: z
      .array(outputDeclaration)
      .max(64)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .optional()
      .describe('Values that the task writes to $ADO_OUTPUTS, as key=value lines or one JSON object.'),
    artifacts: taskArtifacts.optional().describe('Files and folders that the task takes over and hands on.'),
    workspaces: z
      .array(workspaceMount)
      .max(8)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['mountPath'] })
      .optional()
      .describe('Volumes of the run that the task sees.'),
    cache: cache.optional().describe('Takes the result of an earlier attempt with the same key instead of a new one.'),
    semaphores: z
      .array(permit)
      .max(4)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .optional()
      .describe('Permits that an attempt holds while it runs.'),
    hooks: taskHooks.describe('What happens besides when the task starts or ends; it never changes the result.'),
    undo: undo.optional().describe('What undoes the task, if the run fails or is cancelled and compensate says so.'),
    ...taskDefaults,
    ...podSurface,
  })
  .meta({
    'x-kubernetes-validations': [
      exactlyOne(ACTIONS, `a task does exactly one thing: give it one of ${ACTIONS.join(', ')}`),
      {
        rule: '!has(self.needs) || !(self.name in self.needs)',
        message: 'a task cannot need itself; take its name out of needs',
        messageExpression: `'"' + self.name + '" cannot need itself; take it out of needs'`,
        fieldPath: '.needs',
      },
      {
        rule: '!has(self.with) || has(self.template) || has(self.workflow)',
        message: 'with gives values to a template or a workflow; scripts take theirs by env',
        fieldPath: '.with',
      },
    ],
  });

export const defaults = z.object({ ...taskDefaults, ...podSurface });

export type Task = z.infer<typeof task>;
export type TaskDefaults = z.infer<typeof defaults>;
export type Retry = z.infer<typeof retry>;
export type FailureMessage = NonNullable<TaskDefaults['failureMessage']>;
export type Undo = z.infer<typeof undo>;
export type Hook = z.infer<typeof hook>;
export type Permit = z.infer<typeof permit>;
