/** Compares how a case ended with how it should have. */
import { expect } from 'vitest';
import { canonicalJson } from '../../src/engine/index.ts';
import { type Fault, type Outcome, runCase, type Scenario } from './case.ts';
import { INVALID } from './faults.ts';
import type { Stage } from './stage.ts';

/** What may not depend on the faults that a run met. */
export type Expected = Pick<Outcome, 'end' | 'creates'>;

/**
 * Runs the cases and requires of each that it ended as expected, with the same pods, each created once, and
 * that nothing was broken or written late. All failures are told at once.
 */
export async function expectSameEnd(
  stage: Stage,
  scenario: Scenario,
  expected: Expected,
  faults: readonly Fault[],
): Promise<void> {
  const outcomes = await Promise.allSettled(faults.map((fault) => runUntilItHappens(stage, scenario, fault)));
  const failures = outcomes.flatMap((outcome) => {
    if (outcome.status === 'rejected') return [String(outcome.reason)];
    const problems = problemsOf(outcome.value, expected);
    return problems.length === 0 ? [] : [`${problems.join('\n')}\n${outcome.value.explain}`];
  });
  tellCosts(outcomes);
  expect(failures.join('\n\n')).toBe('');
  expect(outcomes.length).toBeGreaterThan(0);
}

/** On a slow machine two things may be recorded in one write: then there was no n-th one, and the case is run again. */
async function runUntilItHappens(stage: Stage, scenario: Scenario, fault: Fault): Promise<Outcome> {
  const outcome = await runCase(stage, scenario, fault);
  return outcome.faulty ? outcome : runCase(stage, scenario, fault);
}

function problemsOf(outcome: Outcome, expected: Expected): string[] {
  const problems = [...outcome.problems];
  if (!outcome.faulty) problems.push('the fault did not happen');
  const { faulty } = outcome;
  const isPodRefused = faulty?.method === 'POST' && faulty.resource === 'pods' && !faulty.path.includes('dryRun');
  if (isPodRefused && outcome.name.startsWith(INVALID.name)) return [...problems, ...refusalProblems(outcome)];
  if (canonicalJson(outcome.end) !== canonicalJson(expected.end)) {
    problems.push(`it ended otherwise: ${JSON.stringify(outcome.end)}`);
  }
  if (canonicalJson(outcome.creates) !== canonicalJson(expected.creates)) {
    problems.push(`it created otherwise: ${JSON.stringify(outcome.creates)}`);
  }
  return problems;
}

/** A pod that the server calls invalid will not become valid: its task fails, and with it the run; nothing runs twice. */
function refusalProblems({ end, creates, writes, faulty }: Outcome): string[] {
  const problems = Object.entries(creates).flatMap(([attempt, count]) =>
    count === 1 ? [] : [`${attempt} was created ${count} times`],
  );
  const refused = writes.find(({ write }) => write === faulty?.write)?.attempt ?? '';
  const task = end.tasks[refused.split('#')[0] ?? ''] as { phase?: string; reason?: string } | undefined;
  if (task?.phase !== 'Failed' || task.reason !== 'PodRejected') {
    problems.push(`${refused} should have failed as PodRejected, and is ${JSON.stringify(task)}`);
  }
  if (refused in creates) problems.push(`${refused} was refused and created all the same`);
  if (end.phase !== 'Failed') problems.push(`the run should have failed, and is ${end.phase}`);
  return problems;
}

/** Seconds, for whoever looks for where the time goes. */
function tellCosts(outcomes: readonly PromiseSettledResult<Outcome>[]): void {
  const values = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const seconds = values.map(({ settledAfter }) => settledAfter / 1000).sort((a, b) => a - b);
  const median = seconds[Math.floor(seconds.length / 2)] ?? 0;
  const name = values[0]?.name.split(',')[0];
  console.log(
    `${name}: ${values.length} cases, median ${median.toFixed(1)} s, longest ${seconds.at(-1)?.toFixed(1)} s`,
  );
}
