/** Compares how a case ended with how it should have. */
import { expect } from 'vitest';
import { canonicalJson } from '../../src/engine/index.ts';
import { type Expected, type Fault, type Outcome, runCase, type Scenario } from './case.ts';
import type { Stage } from './case-stage.ts';
import { sampleOf } from './tier.ts';

/** The quick tier tries one fault of so many, others with another seed; the full tier tries all. */
const ONE_OF = 5;

/**
 * Runs the cases and requires of each that it ended as expected, with the same pods, each created once, and
 * that nothing was broken or written late. All failures are told at once.
 */
export async function expectSameEnd(
  stage: Stage,
  scenario: Scenario,
  expected: Expected,
  allFaults: readonly Fault[],
): Promise<void> {
  const faults = sampleOf(allFaults, ONE_OF, allFaults[0]?.name);
  const outcomes = await Promise.allSettled(faults.map((fault) => runUntilItHappens(stage, scenario, fault)));
  const failures = outcomes.flatMap((outcome, index) => {
    if (outcome.status === 'rejected') return [String(outcome.reason)];
    const problems = problemsOf(outcome.value, expected, faults[index]);
    return problems.length === 0 ? [] : [`${problems.join('\n')}\n${outcome.value.explain}`];
  });
  tellCosts(outcomes);
  // An assertion would cut the text, of which the end says why.
  if (failures.length > 0) throw new Error(failures.join('\n\n'));
  expect(outcomes.length).toBeGreaterThan(0);
}

/** What all of them found wrong; one that throws has found that, and none is left alone when another throws. */
export async function problemsOfAll(cases: readonly Promise<readonly string[]>[]): Promise<string[]> {
  const outcomes = await Promise.allSettled(cases);
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : [String(outcome.reason)]));
}

/** On a slow machine two things may be recorded in one write: then there was no n-th one, and the case is run again. */
async function runUntilItHappens(stage: Stage, scenario: Scenario, fault: Fault): Promise<Outcome> {
  const outcome = await runCase(stage, scenario, fault);
  return outcome.met ? outcome : runCase(stage, scenario, fault);
}

function problemsOf(outcome: Outcome, expected: Expected, fault: Fault | undefined): string[] {
  const problems = [...outcome.problems];
  if (!outcome.met) problems.push('the fault did not happen');
  problems.push(...(fault?.alsoJudge?.(outcome) ?? []));
  const own = fault?.judge?.(outcome);
  if (own) return [...problems, ...own];
  if (canonicalJson(outcome.end) !== canonicalJson(expected.end)) {
    problems.push(`it ended otherwise: ${JSON.stringify(outcome.end)}`);
  }
  if (canonicalJson(outcome.creates) !== canonicalJson(expected.creates)) {
    problems.push(`it created otherwise: ${JSON.stringify(outcome.creates)}`);
  }
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
