/** What `npm test` says at its end: what failed, what was weak, where the time went. */
import { countOf, type StepResult } from './results.ts';
import type { Step, Tier } from './steps.ts';

export interface Outcome extends StepResult {
  readonly step: string;
  readonly seconds: number;
  /** Seconds that it may take on the reference machine; undefined where nothing is promised. */
  readonly budget: number | undefined;
}

const SLOWEST = 8;

/** Whatever failed, said again where a long log is read first. */
export function failuresOf(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ step, tests, errors }) => [
    ...errors.map((error) => `failed in ${step}: ${error}`),
    ...tests
      .filter(({ state }) => state === 'failed')
      .map(({ file, title, message }) => `failed in ${step}: ${file} > ${title}\n${message}`),
  ]);
}

/** Tests that failed and passed when they were tried again: weak, or the sign of a race. */
export function weakOf(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ tests }) =>
    tests
      .filter(({ state, retries }) => state === 'passed' && retries > 0)
      .map(({ file, title, message }) => `passed on the second try: ${file} > ${title}\n${message}`),
  );
}

/** Of the steps that were slow, the slowest files and tests. */
export function slowestOf(outcomes: readonly Outcome[]): string[] {
  const tests = outcomes.flatMap((outcome) => outcome.tests);
  const files = outcomes.flatMap((outcome) => outcome.files);
  const longest = <T extends { readonly seconds: number }>(all: readonly T[], told: (one: T) => string) =>
    [...all]
      .sort((a, b) => b.seconds - a.seconds)
      .slice(0, SLOWEST)
      .map((one) => `${one.seconds.toFixed(0).padStart(6)} s  ${told(one)}`);
  return [
    'slowest files',
    ...longest(files, ({ file }) => file),
    'slowest tests',
    ...longest(tests, ({ file, title }) => `${file} > ${title}`),
  ];
}

/**
 * The table of steps. Budgets are those of the reference machine times `pace`, so that a slow machine is not blamed; over
 * budget is said and fails nothing. Steps run side by side, so all of them take fewer `seconds` than their sum.
 */
export function tableOf(outcomes: readonly Outcome[], pace: number, seconds: number): string[] {
  const lines = outcomes.map((outcome) => {
    const { passed, failed } = countOf(outcome);
    const budget = outcome.budget === undefined ? undefined : outcome.budget * pace;
    const over = budget !== undefined && outcome.seconds > budget ? '  over its budget' : '';
    return row(outcome.step, passed, failed, outcome.seconds, budget) + over;
  });
  return [
    'step        passed  failed  seconds  budget',
    ...lines,
    row('all', sum(outcomes, 'passed'), sum(outcomes, 'failed'), seconds, undefined),
  ];
}

export const sum = (outcomes: readonly Outcome[], what: 'passed' | 'failed'): number =>
  outcomes.reduce((total, outcome) => total + countOf(outcome)[what], 0);

function row(name: string, passed: number, failed: number, seconds: number, budget: number | undefined): string {
  const cells = [passed, failed].map((count) => String(count).padStart(8)).join('');
  return `${name.padEnd(10)}${cells}${seconds.toFixed(0).padStart(9)}${(budget?.toFixed(0) ?? '').padStart(8)}`;
}

/** Seconds that the steps may take together on this machine: as long as the longest of the lanes. */
export function expectedSeconds(lanes: readonly (readonly Pick<Step, 'budget'>[])[], tier: Tier, pace: number): number {
  const secondsOf = (lane: (typeof lanes)[number]) =>
    lane.reduce((total, { budget }) => total + budget[tier] * pace, 0);
  return Math.max(0, ...lanes.map(secondsOf));
}
