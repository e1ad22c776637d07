/** Runs the steps: those of a lane one after the other, the lanes side by side, because each waits more than it computes. */
import type { Options } from './options.ts';
import { LANES, STEPS, type Step } from './steps.ts';
import type { Outcome } from './summary.ts';

/** Runs a step; `prefix` begins each line of its output where another step writes at the same time. */
export type RunOne = (step: 'verify' | Step, prefix?: string) => Promise<Outcome>;

/** The steps of each lane that has any. Named files run alone: their author looks at them one after the other. */
export function lanesOf({ steps, files }: Pick<Options, 'steps' | 'files'>): readonly (readonly Step[])[] {
  const tests = steps.filter((step) => step !== 'verify');
  if (files.length > 0) return [tests];
  return LANES.map((lane) => tests.filter((step) => step.lane === lane)).filter((lane) => lane.length > 0);
}

/** Runs all steps once: first what can be judged without running anything. Outcomes are in the order of the table. */
export async function runLanes(options: Pick<Options, 'steps' | 'files'>, runOne: RunOne): Promise<Outcome[]> {
  const first = options.steps.includes('verify') ? [await runOne('verify')] : [];
  const lanes = lanesOf(options);
  const width = Math.max(...lanes.flat().map(({ name }) => name.length));
  const prefixOf = ({ name }: Step) => (lanes.length > 1 ? `${name.padEnd(width)} | ` : undefined);
  const outcomes = await Promise.all(lanes.map((lane) => runLane(lane, (step) => runOne(step, prefixOf(step)))));
  const position = ({ step }: Outcome) => STEPS.findIndex(({ name }) => name === step);
  return [...first, ...outcomes.flat().sort((one, other) => position(one) - position(other))];
}

async function runLane(lane: readonly Step[], runOne: (step: Step) => Promise<Outcome>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of lane) outcomes.push(await runOne(step));
  return outcomes;
}
