import { z } from 'zod';
import { duration } from './duration.ts';
import { podSurface } from './pod-surface.ts';
import { anyJson, expression, identifier, taskName, valueType } from './scalars.ts';

const backoff = z.object({
  duration: duration('Wait before the first retry; default 1s.').optional(),
  factor: z.int().min(1).max(10).optional().describe('Each further wait is this many times longer; default 2.'),
  cap: duration('The longest wait; default 5m.').optional(),
});

export const retry = z.object({
  limit: z
    .int()
    .min(0)
    .max(100)
    .describe('How often a failed attempt is tried again. Infrastructure failures have their own counter.'),
  backoff: backoff.optional().describe('How long to wait between attempts.'),
  when: expression.optional().describe('CEL over exitCode, reason, message and attempt: retry only if true.'),
});

const forEach = z
  .object({
    items: z.array(anyJson).max(5000).optional().describe('The items, any JSON. Give either items or itemsFrom.'),
    itemsFrom: expression.optional().describe('CEL that yields the list of items. Give either items or itemsFrom.'),
    parallelism: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('How many items run at once; default: as many as the run allows.'),
  })
  // Not a rule in CEL: a list of any JSON is invisible to it.
  .meta({ oneOf: [{ required: ['items'] }, { required: ['itemsFrom'] }] });

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

export const outputDeclaration = z.object({
  name: identifier.describe('Name of the output, read as tasks.<task>.outputs.<name>.'),
  type: valueType.optional().describe('Type that the value is coerced to; default String.'),
  description: z.string().max(1024).optional().describe('What it is, for people.'),
});

/** What a task and `defaults` share besides the pod surface. */
export const taskDefaults = {
  shell: z
    .array(z.string().min(1).max(256))
    .min(1)
    .max(8)
    .optional()
    .describe('Interpreter of `run`; default [sh, -c].'),
  timeout: duration('How long the task may take, all attempts and waits included; with forEach: each item.').optional(),
  pendingTimeout: duration('How long a pod may wait to start; default 15m.').optional(),
  retry: retry.optional().describe('What to do when an attempt fails; default: nothing.'),
};

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
    onFailure: z
      .enum(['Fail', 'Continue'])
      .optional()
      .describe('Whether a failure of this task fails the run; default Fail.'),
    run: z
      .string()
      .min(1)
      .max(65_536)
      .optional()
      .describe('A script for the shell. May not contain ${{ }}: values go in by env.'),
    container: container.optional().describe('A container, for anything that is no script.'),
    outputs: z
      .array(outputDeclaration)
      .max(64)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .optional()
      .describe('Values that the task writes to $ADO_OUTPUTS, as key=value lines or one JSON object.'),
    ...taskDefaults,
    ...podSurface,
  })
  .meta({
    'x-kubernetes-validations': [
      {
        rule: 'has(self.run) != has(self.container)',
        message: 'a task does exactly one thing: give it either run or container',
      },
      {
        rule: '!has(self.needs) || !(self.name in self.needs)',
        message: 'a task cannot need itself; take its name out of needs',
      },
    ],
  });

export const defaults = z.object({ ...taskDefaults, ...podSurface });

export type Task = z.infer<typeof task>;
export type TaskDefaults = z.infer<typeof defaults>;
export type Retry = z.infer<typeof retry>;
export type OutputDeclaration = z.infer<typeof outputDeclaration>;
