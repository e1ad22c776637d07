import { MAX_READ_BYTES } from '../bindings/placed-data.ts';
import type { Frame } from '../state/walk.ts';
import { MAX_RUN_OUTPUT_BYTES } from '../values/outputs.ts';
import type { Pass } from './pass.ts';

/** The part of a limit at which people are told of it. */
const NEAR = 0.7;

/** Says that outputs come near a limit: once for each limit, with the ones that reach seven tenths of it. */
export function warnOfLimits(pass: Pass, frame: Frame, task: string, bytes: number, placed: number): void {
  const ofRun = 'the outputs that unfinished tasks of the run read';
  if (passes(placed, bytes, MAX_RUN_OUTPUT_BYTES)) pass.warnings.push(near(ofRun, placed, MAX_RUN_OUTPUT_BYTES));
  for (const reader of frame.plan.readers.get(task) ?? []) {
    const reads = frame.plan.tasks.get(reader)?.reads ?? [];
    const read = [...reads].reduce((sum, name) => sum + (frame.tasks.get(name)?.placed?.bytes ?? 0), 0);
    if (passes(read, bytes, MAX_READ_BYTES)) {
      pass.warnings.push(near(`the outputs that the task ${reader} reads`, read, MAX_READ_BYTES));
    }
  }
}

const passes = (sum: number, bytes: number, limit: number): boolean =>
  sum >= limit * NEAR && sum - bytes < limit * NEAR;

const near = (what: string, bytes: number, limit: number): string =>
  `${what} have ${bytes} of at most ${limit} bytes; output less, or references`;
