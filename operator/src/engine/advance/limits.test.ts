import { beforeEach, describe, expect, it } from 'vitest';
import { accept, plan } from '../index.ts';
import type { RunState } from '../state/state.ts';
import { task, workflow } from '../testing/whole-run.ts';
import { MAX_EVENT_OUTPUT_BYTES, MAX_RUN_OUTPUT_BYTES, MAX_STATE_OUTPUT_BYTES } from '../values/outputs.ts';
import { Pass } from './pass.ts';
import { keepingOf } from './success.ts';
import { warnOfLimits } from './warnings.ts';

const NEAR = Math.ceil(0.7 * 1024 * 1024);
const outputs = [{ name: 'v' }];
const reader = { needs: ['one', 'two'], env: { ALL: '${{ tasks.one.outputs.v + tasks.two.outputs.v }}' } };
const definition = workflow([task('one', { outputs }), task('two', { outputs }), task('reader', reader)]);
const compiled = plan(definition, 'd');

let state: RunState;
beforeEach(() => {
  state = accept('d', {}, 0).state;
});

/** A pass over the state, in which the state may hold `shareBytes` of outputs itself. */
const passWith = (shareBytes: number, page?: number) => {
  const observed = { desiredState: 'Running' as const, attempts: new Map(), shareBytes, ...(page ? { page } : {}) };
  return new Pass({ name: 'r', namespace: 'n', uid: 'u', workflow: 'w' }, compiled, state, observed, 0);
};
const keep = (bytes: number, shareBytes: number, page?: number) => {
  const pass = passWith(shareBytes, page);
  const planned = compiled.tasks.get('two');
  if (!planned) throw new Error('the plan has no task two');
  return keepingOf(pass, { frame: pass.root, planned, loop: undefined }, bytes);
};
/** Outputs of the first task that lie in the history. */
const place = (bytes: number) => state.tasks.set('one', { ...taskState(), placed: { count: 1, bytes, pages: [1] } });
const taskState = () => state.tasks.get('one') ?? ({ unit: { phase: 'Succeeded' } } as never);

describe('the outputs of a task', () => {
  it('are kept in the state up to its share, and in the history above it', () => {
    expect(keep(100, 100, 7)).toEqual({ keep: true });
    expect(keep(101, 100, 7)).toEqual({ page: 7 });
  });

  it('are too large for one event above 32 KiB', () => {
    expect(keep(MAX_EVENT_OUTPUT_BYTES, 0, 7)).toEqual({ page: 7 });
    const message = expect.stringContaining(`the outputs have 32769 bytes exceed 32768 bytes`);
    expect(keep(MAX_EVENT_OUTPUT_BYTES + 1, 0, 7)).toEqual({ reason: 'OutputsTooLarge', message });
  });

  it('are too large when the run has 100 MiB that unfinished tasks read', () => {
    place(MAX_RUN_OUTPUT_BYTES - 10);
    expect(keep(10, 0, 7)).toEqual({ page: 7 });
    const message = expect.stringContaining('the outputs that unfinished tasks of the run read exceed 104857600 bytes');
    expect(keep(11, 0, 7)).toEqual({ reason: 'OutputsTooLarge', message });
  });

  it('are too large when the state must hold more than 64 KiB itself', () => {
    expect(MAX_STATE_OUTPUT_BYTES).toBe(64 * 1024);
    const half = { v: 'x'.repeat(MAX_STATE_OUTPUT_BYTES / 2) };
    state.tasks.set('one', { ...taskState(), outputs: half });
    expect(keep(MAX_STATE_OUTPUT_BYTES / 2 - 8, 0)).toEqual({ keep: true });
    expect(keep(MAX_STATE_OUTPUT_BYTES / 2, 0)).toMatchObject({ reason: 'OutputsTooLarge' });
  });
});

describe('outputs near a limit', () => {
  const warnings = (bytes: number, placed: number) => {
    const pass = passWith(0, 7);
    warnOfLimits(pass, pass.root, 'one', bytes, placed);
    return pass.warnings;
  };

  it('are told at seven tenths of what a task may read, once', () => {
    place(NEAR + 1);
    expect(warnings(100, 0)).toEqual([
      expect.stringMatching(/^the outputs that the task reader reads have \d+ of at most 1048576 bytes; output less/),
    ]);
    place(NEAR + 200);
    expect(warnings(100, 0)).toEqual([]);
    place(NEAR - 1);
    expect(warnings(100, 0)).toEqual([]);
  });

  it('are told at seven tenths of what a run may have, once', () => {
    const near = Math.ceil(0.7 * MAX_RUN_OUTPUT_BYTES);
    const [warning] = warnings(100, near + 1);
    expect(warning).toContain('the outputs that unfinished tasks of the run read have');
    expect(warnings(100, near + 200)).toEqual([]);
    expect(warnings(100, near - 1)).toEqual([]);
  });
});
