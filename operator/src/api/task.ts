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
  factor: z.int().min(1).max(10).optional().describe('Factor by which each further wait is longer; default 2.'),
  cap: duration('The longest wait; default 5m.').optional(),
  jitter: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe('Percent by which a wait is shortened, differently for each attempt; default 0.'),
});

export const retry = z.object({
  limit: z.int().min(0).max(100).describe('Maximum number of retries. Infrastructure failures have their own counter.'),
  backoff: backoff.optional().describe('How long to wait between attempts.'),
  when: expression.optional().describe('CEL over exitCode, reason, message and attempt: retry only if true.'),
  otherNode: z
    .boolean()
    .optional()
    .describe('Whether a retry avoids nodes on which earlier attempts failed, if there are others; default false.'),
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
    'Maximum duration of the task, or of each item with forEach, from the first start that it requests, including all attempts and waits. Waiting for needs and for parallelism does not count.',
  ).optional(),
  attemptTimeout: duration('Maximum duration of one attempt; it then fails and may be retried.').optional(),
  failureMessage: z
    .enum(['Show', 'Withhold'])
    .optional()
    .describe(
      'Whether the message of the container or server is shown when an attempt fails; default: Withhold if the task reads Secrets, else Show, with likely secrets removed.',
    ),
  pendingTimeout: duration(
    'How long an attempt may wait to start, for any reason: a quota, an admission policy, permits, a node, an image. Default 15m; the default does not end a wait for permits that others hold or for a cached result.',
  ).optional(),
  retry: retry.optional().describe('Retries of failed attempts; default: none.'),
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
  'set exactly one of run, container, template and http',
);

export const undo = side.meta({ 'x-kubernetes-validations': [ONE_SIDE_ACTION] });

export const HOOK_EVENTS = ['Started', 'Succeeded', 'Failed', 'Finished'] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];

const hook = side
  .extend({
    event: z.enum(HOOK_EVENTS).optional().describe('When the hook runs; Finished: any end except being skipped.'),
    on: z
      .enum(HOOK_EVENTS)
      .optional()
      .describe('Former name of `event`. YAML 1.1 reads an unquoted `on` as true, and kubectl rejects it; use event.'),
  })
  .meta({
    'x-kubernetes-validations': [
      ONE_SIDE_ACTION,
      {
        rule: 'has(self.event) != has(self.on)',
        message:
          'a hook must say when it runs: set event (Started, Succeeded, Failed or Finished), and do not also set "on"',
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
  message: 'at most one hook per event is allowed: combine actions for the same event in one hook or a template',
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
    .describe('Cache key; may contain ${{ }}. Attempts with the same key in a namespace share a result.'),
  maxAge: duration('Maximum age of a result; default 24h.').optional(),
});

const permit = z.object({
  name: objectName.describe('Name of the Semaphore in the namespace of the workflow.'),
  permits: z.int().min(1).max(1000).optional().describe('How many permits an attempt takes; default 1.'),
  shareBy: expression
    .optional()
    .describe('CEL that yields a string; waiting attempts take turns by it, so each value gets a fair share.'),
});

export const task = z
  .object({
    name: taskName.describe('Name of the task, unique in the workflow.'),
    description: z.string().max(1024).optional().describe('Human-readable description.'),
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
        'Result of its needs for which the task runs: all succeeded (Succeeded, the default), one failed (Failed), or any result (Always).',
      ),
    when: expression.optional().describe('CEL; the task is skipped when it is false.'),
    forEach: forEach.optional().describe('Runs the task once per item, available in env and expressions as `item`.'),
    loop: loop.optional().describe('Runs the task repeatedly, carrying state from one iteration to the next.'),
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
    artifacts: taskArtifacts.optional().describe('Files and folders that the task consumes and produces.'),
    workspaces: z
      .array(workspaceMount)
      .max(8)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['mountPath'] })
      .optional()
      .describe('Volumes of the run that the task mounts.'),
    cache: cache.optional().describe('Reuses the result of an earlier attempt with the same key.'),
    semaphores: z
      .array(permit)
      .max(4)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .optional()
      .describe('Permits that an attempt holds while it runs.'),
    hooks: taskHooks.describe('Side actions when the task starts or ends; they never change the result.'),
    undo: undo.optional().describe('Undoes the task if the run fails or is cancelled, as configured in compensate.'),
    ...taskDefaults,
    ...podSurface,
  })
  .meta({
    'x-kubernetes-validations': [
      exactlyOne(ACTIONS, `a task must have exactly one action: set one of ${ACTIONS.join(', ')}`),
      {
        rule: '!has(self.needs) || !(self.name in self.needs)',
        message: 'a task cannot need itself; take its name out of needs',
        messageExpression: `'"' + self.name + '" cannot need itself; take it out of needs'`,
        fieldPath: '.needs',
      },
      {
        rule: '!has(self.with) || has(self.template) || has(self.workflow)',
        message: 'with applies only to template and workflow; pass values to scripts through env',
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
