/** How the steps of npm test follow one another, with steps that only say that they ran. */
import { expect, it } from 'vitest';
import { lanesOf, runLanes } from '../../hack/test/lanes.ts';
import { readOptions } from '../../hack/test/options.ts';
import { STEPS, type Step } from '../../hack/test/steps.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;
const namesOf = (lanes: readonly (readonly Step[])[]) => lanes.map((lane) => lane.map(({ name }) => name));
const nameOf = (step: 'verify' | Step) => (step === 'verify' ? step : step.name);
const outcomeOf = (step: string) => ({ step, seconds: 0, budget: 0, tests: [], files: [], errors: [] });

it('steps are of one lane each, in the order of the table', () => {
  const lanes = namesOf(lanesOf(readOptions([], ROOT)));
  expect(lanes).toHaveLength(3);
  expect(lanes.flat().sort()).toEqual(STEPS.map(({ name }) => name).sort());
  expect(namesOf(lanesOf(readOptions(['faults', 'crash'], ROOT)))).toEqual([['crash', 'faults']]);
});

it('files that are named run one step after the other', () => {
  expect(namesOf(lanesOf(readOptions(['shared/diamond', 'crash/diamond'], ROOT)))).toEqual([['shared', 'crash']]);
  expect(namesOf(lanesOf(readOptions(['e2e', 'diamond'], ROOT)))).toEqual([['shared']]);
});

it('verify runs first, then the first step of each lane; each line says of which step it is', async () => {
  const begun: string[] = [];
  const prefixes = new Map<string, string | undefined>();
  const { promise: both, resolve } = Promise.withResolvers<void>();
  const outcomes = await runLanes(readOptions([], ROOT), async (step, prefix) => {
    begun.push(nameOf(step));
    prefixes.set(nameOf(step), prefix);
    if (begun.length === 4) resolve();
    // Steps that ran one after the other would never get beyond the first.
    if (step !== 'verify') await both;
    return outcomeOf(nameOf(step));
  });
  expect(begun.slice(0, 4)).toEqual(['verify', 'unit', 'install', 'model']);
  expect(prefixes.get('unit')).toBe('unit      | ');
  expect(prefixes.get('verify')).toBeUndefined();
  expect(outcomes.map(({ step }) => step)).toEqual(['verify', ...STEPS.map(({ name }) => name)]);
});

it('a step that has the terminal to itself has no prefix', async () => {
  const prefixes: unknown[] = [];
  await runLanes(readOptions(['unit'], ROOT), async (step, prefix) => {
    prefixes.push(prefix);
    return outcomeOf(nameOf(step));
  });
  expect(prefixes).toEqual([undefined]);
});
