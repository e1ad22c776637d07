import { z } from 'zod';
import { conditions } from './conditions.ts';
import { chainStatus, continues } from './continue-as-new.ts';
import { requesters } from './lineage.ts';
import { pinnedDefinition } from './pinned-definition.ts';
import { provenance } from './provenance.ts';
import { frozen } from './rule.ts';
import { pageMark } from './run-journal.ts';
import { identifier, objectName, taskName } from './scalars.ts';
import { stamp } from './stamp.ts';

export const DESIRED_STATES = ['Running', 'Paused', 'Cancelled', 'Terminated'] as const;
export type DesiredState = (typeof DESIRED_STATES)[number];

/** Every value of status.phase and of a row's phase; for columns and people, never for logic. */
export const RUN_PHASES = ['Pending', 'Running', 'Paused', 'Succeeded', 'Failed', 'Cancelled'] as const;
export const TASK_PHASES = ['Pending', 'Running', 'Backoff', 'Succeeded', 'Failed', 'Skipped', 'Cancelled'] as const;
export type RunPhase = (typeof RUN_PHASES)[number];
export type TaskPhase = (typeof TASK_PHASES)[number];

/** Budget of the whole object as the server returns it, and of our own bytes before writing (design §6). */
export const STATUS_BUDGET_BYTES = 256 * 1024;
export const STATUS_REFUSED_BYTES = 224 * 1024;
export const MAX_TASK_ROWS = 50;
/** How long what is put on one line of a row is at most. */
export const MAX_ROW_LINE = 256;
/** How many triggers can have acted upon the end of a run. */
export const MAX_COMPLETIONS = 1000;

const REMEDY = ' once the run exists; create another run';

export const workflowRunSpec = z
  .object({
    workflowRef: z
      .object({ name: objectName.describe('Name of the Workflow in the same namespace.') })
      .describe('The Workflow to run.'),
    parameters: z
      .array(
        z.object({
          name: identifier.describe('Name of a parameter that the Workflow declares.'),
          value: z.string().max(16_384).describe('The value as text; lists and objects as JSON.'),
        }),
      )
      .max(100)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .optional()
      .describe('Values for the parameters of the Workflow.'),
    desiredState: z
      .enum(DESIRED_STATES)
      .default('Running')
      .describe(
        'Running: tasks start when ready. Paused: nothing new starts. Cancelled: pods end with grace. Terminated: everything stops immediately.',
      ),
    desiredStateBy: stamp
      .optional()
      .describe('Who set the desired state, if not the requester of the run. Set by the admission webhook.'),
    requester: stamp
      .optional()
      .describe(
        'Who requested the run. Set by the admission webhook; without a webhook, it is what the creator wrote.',
      ),
    origin: z
      .object({
        type: z
          .enum(['Manual', 'OnChange', 'Workflow', 'Webhook', 'Completion', 'Schedule', 'Backfill'])
          .describe('What created the run; Workflow: a task of another run; Completion: the end of another run.'),
        digest: z.string().max(64).optional().describe('Digest of what onChange acted on.'),
        generation: z
          .int()
          .min(0)
          .optional()
          .describe('OnChange: how many consecutive runs before this one changed their Workflow, as far as known.'),
        trigger: z.string().max(40).optional().describe('Name of the trigger that created the run.'),
        run: objectName.optional().describe('The run whose task, or whose end, started this one.'),
        uid: z.string().max(64).optional().describe('Uid of that run.'),
        task: z.string().max(512).optional().describe('Path of that task.'),
        schedule: z.string().max(40).optional().describe('Name of the schedule.'),
        slot: z.string().max(40).optional().describe('The slot of the schedule: when the run was due.'),
        backfill: objectName.optional().describe('The Backfill that created the run for the slot.'),
      })
      .optional()
      .describe('Where the run comes from; default Manual.'),
    priority: z
      .int()
      .min(-100)
      .max(100)
      .optional()
      .describe('Priority among runs that wait for permits or for their turn; highest first; default 0.'),
    cache: z
      .enum(['Use', 'Refresh', 'Ignore'])
      .optional()
      .describe(
        'Cached results of tasks: used and stored (Use, the default), recomputed and stored (Refresh), or neither (Ignore).',
      ),
    from: z
      .object({
        run: objectName.describe('Name of a finished run of the same Workflow.'),
        mode: z
          .enum(['Retry', 'Rerun', 'Fork'])
          .describe(
            'Retry: tasks that did not succeed run again, other results are reused. Rerun: everything runs again. Fork: a task and everything after it run again.',
          ),
        task: taskName.optional().describe('Fork: the task to run again from.'),
        definition: z
          .enum(['Original', 'Latest'])
          .optional()
          .describe(
            'Definition to execute: that of the earlier run (Original, the default) or the current one of the Workflow (Latest).',
          ),
      })
      .meta({
        'x-kubernetes-validations': [
          {
            rule: "has(self.task) == (self.mode == 'Fork')",
            message: 'mode Fork requires task, from which to run again; the other modes must not set it',
            fieldPath: '.task',
          },
        ],
      })
      .optional()
      .describe('An earlier run that this one repeats, in whole or in part.'),
    number: z.int().min(1).optional().describe('Ordinal of the run among those of its trigger.'),
    continues: continues
      .optional()
      .describe('The run that this one continues. Only the operator creates runs that continue others.'),
    provenance: provenance
      .optional()
      .describe('Origin of a run that the operator created, with its proof. Leave it out.'),
  })
  .meta({
    'x-kubernetes-validations': [
      frozen('workflowRef', REMEDY),
      frozen('parameters', REMEDY),
      frozen('requester', REMEDY),
      frozen('origin', REMEDY),
      frozen('number', REMEDY),
      frozen('from', REMEDY),
      frozen('continues', REMEDY),
      frozen('provenance', REMEDY),
      {
        rule: '!has(self.continues) || (!has(self.from) && !has(self.parameters))',
        message: 'a run that continues another takes everything over from it; leave out from and parameters',
      },
      {
        rule: "!has(self.from) || self.from.mode != 'Retry' || !has(self.parameters)",
        message: 'a retry uses the parameters of the run that it repeats; use mode Fork or Rerun to change them',
        fieldPath: '.parameters',
      },
      frozen('priority', REMEDY),
      frozen('cache', REMEDY),
      {
        rule: "self.desiredState == oldSelf.desiredState || oldSelf.desiredState in ['Running', 'Paused'] || (oldSelf.desiredState == 'Cancelled' && self.desiredState == 'Terminated')",
        message: 'desiredState moves between Running and Paused, then to Cancelled, then to Terminated, and never back',
        messageExpression:
          "'desiredState is ' + oldSelf.desiredState + ' and cannot become ' + self.desiredState + ': it moves between Running and Paused, then to Cancelled, then to Terminated, and never back'",
        fieldPath: '.desiredState',
      },
    ],
  });

const taskRow = z.object({
  path: z
    .string()
    .max(512)
    .describe('Path of the task: with an item test[3], with an iteration poll/2, inside a template ship/migrate.'),
  item: z.string().max(63).optional().describe('Name of the item, from forEach.key.'),
  phase: z.enum(TASK_PHASES).describe('Phase of the task.'),
  attempt: z.int().min(0).optional().describe('Number of the newest pod of the task, from 0.'),
  retries: z.int().min(0).optional().describe('Retries used; infrastructure failures do not count.'),
  reason: z.string().max(64).optional().describe('Reason for the phase, in one word.'),
  message: z.string().max(512).optional().describe('Explanation of the phase, and who or what ends the wait.'),
  since: z.string().max(40).optional().describe('When this wait began.'),
  until: z.string().max(40).optional().describe('When the wait ends by itself.'),
  from: z.string().max(512).optional().describe('The attempt whose result was reused: <run>/<path>.'),
  run: z.string().max(63).optional().describe('Name of the newest child run.'),
  exitCode: z.int().optional().describe('Exit code of the newest attempt that failed.'),
  pod: z.string().max(63).optional().describe('Name of the newest pod.'),
  startedAt: z.string().max(40).optional().describe('When the first attempt was started.'),
  finishedAt: z.string().max(40).optional().describe('When the task ended.'),
  duration: z.string().max(32).optional().describe('From its start to its end, such as 1m30s.'),
  lastFailure: z
    .string()
    .max(MAX_ROW_LINE)
    .optional()
    .describe('Why the newest failed attempt failed, on one line, if the task continued after it.'),
  outputs: z
    .string()
    .max(MAX_ROW_LINE)
    .optional()
    .describe('Outputs of the task for display: name=value, truncated. Omitted for tasks that read Secrets.'),
});

const count = (what: string) => z.int().min(0).describe(`Tasks and items ${what}.`);

export const workflowRunStatus = z.object({
  observedGeneration: z.int().min(0).optional().describe('The generation that this status was computed from.'),
  phase: z.enum(RUN_PHASES).optional().describe('Summary for columns; conditions are for logic.'),
  progress: z
    .string()
    .max(32)
    .optional()
    .describe('Successful tasks out of all known tasks, and how many failed, for columns.'),
  conditions: conditions.optional(),
  definition: pinnedDefinition.optional().describe('The definition that this run executes, pinned.'),
  startedAt: z.string().max(40).optional().describe('When the run was accepted.'),
  finishedAt: z.string().max(40).optional().describe('When the run ended.'),
  requester: z
    .object({
      username: z.string().max(253).describe('User name of the requester.'),
      attested: z.boolean().describe('Whether the admission webhook attests it.'),
    })
    .optional()
    .describe('Who requested the run.'),
  requesters: z
    .object({
      usernames: requesters.describe('All known requesters of the run and of what led to it.'),
      unknown: z.boolean().optional().describe('Whether there are also unknown requesters.'),
    })
    .optional()
    .describe(
      'Requesters of the run and of everything that led to it; notRequester excludes them. Fixed when the run begins.',
    ),
  completions: z
    .array(z.string().max(16))
    .max(MAX_COMPLETIONS)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Short digests of the completion triggers that have acted on the end of the run.'),
  desiredStateBy: z
    .object({
      username: z.string().max(253).describe('User name.'),
      attested: z.boolean().describe('Whether the admission webhook attests it.'),
      time: z.string().max(40).optional().describe('When, in RFC 3339 with milliseconds.'),
    })
    .optional()
    .describe('Who last set the desired state, if anyone.'),
  origin: z
    .object({
      run: z.string().max(253).describe('The run that this one repeats.'),
      uid: z.string().max(64).describe('Its uid.'),
      root: z.string().max(253).describe('The first run of the series.'),
      attempt: z.int().min(2).describe('Number of this run in the series; the first is 1.'),
      repeated: z
        .string()
        .max(1024)
        .optional()
        .describe('Tasks that run again although they succeeded in the repeated run, each with its reason.'),
    })
    .optional()
    .describe('The series of runs that this one belongs to; copied because the others may be gone.'),
  chain: chainStatus.optional().describe('The chain of runs that continue one another, if there is one.'),
  counts: z
    .object({
      total: count('known so far'),
      pending: count('that wait'),
      running: count('with a live attempt'),
      succeeded: count('that succeeded'),
      failed: count('that failed'),
      skipped: count('that were skipped or cancelled'),
    })
    .optional()
    .describe('Number of tasks and items by phase.'),
  failures: z
    .array(
      z.object({
        reason: z.string().max(64).describe('The reason.'),
        count: z.int().min(1).describe('Number of tasks that failed with it.'),
      }),
    )
    .max(16)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['reason'] })
    .optional()
    .describe('Failures by reason.'),
  tasks: z
    .array(taskRow)
    .max(MAX_TASK_ROWS)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('The most relevant tasks, at most 50: waiting, failed, newest. The journal has all of them.'),
  waitingFor: z
    .string()
    .max(128)
    .optional()
    .describe('What unfinished tasks wait for, by reason, for columns: 2 Unschedulable, 1 Semaphore.'),
  seq: z.int().min(0).optional().describe('Number of events so far. Every status write is conditional on it.'),
  state: z.string().max(STATUS_BUDGET_BYTES).optional().describe('State of the engine; opaque.'),
  journal: z
    .object({
      firstSeq: z.int().min(1).describe('Sequence number of the first event in the tail.'),
      pages: z.int().min(0).describe('Number of RunJournal pages so far.'),
      tail: z.string().max(65_536).describe('The newest events, not yet in a page; opaque.'),
      newest: pageMark.optional().describe('The newest page, which names the one before it, and so on.'),
    })
    .optional()
    .describe('History of the run: pages, then this tail.'),
});

export const workflowRun = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({}),
    spec: workflowRunSpec.describe('What to run. Only desiredState can change.'),
    // One writer, who always writes all of it: to track who owns which field was a quarter of each status patch.
    status: workflowRunStatus
      .meta({ 'x-kubernetes-map-type': 'atomic' })
      .optional()
      .describe('What the operator observed.'),
  })
  .describe('One execution of a Workflow.')
  .meta({
    'x-kubernetes-validations': [
      {
        rule: 'size(self.metadata.name) <= 52 || (has(self.spec.continues) && size(self.metadata.name) <= 63)',
        message: 'the name of a WorkflowRun has at most 52 characters, because its pods are named after it',
      },
      {
        rule: '!has(self.status) || !has(self.status.finishedAt) || (has(self.status.chain) && has(self.status.chain.next)) || self.spec.desiredState == oldSelf.spec.desiredState',
        message:
          'this run has ended: it can no longer be paused, resumed, cancelled or terminated; to repeat it, create a run whose spec.from names it',
      },
      {
        rule: '!has(self.status) || !has(self.status.chain) || !has(self.status.chain.next) || self.spec.desiredState == oldSelf.spec.desiredState',
        message: 'another run continues this one; change the desiredState of the run in its status.chain.next',
      },
    ],
  });

export type WorkflowRunSpec = z.infer<typeof workflowRunSpec>;
export type WorkflowRunStatus = z.infer<typeof workflowRunStatus>;
export type TaskRow = z.infer<typeof taskRow>;
