/** Every test belongs to one step and to a tier, and both tiers have every sort of evidence. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lanesOf } from '../../hack/test/lanes.ts';
import { isFull, quickFiles, readOptions, stepOf, testFiles, UsageError } from '../../hack/test/options.ts';
import { STEPS, TIERS } from '../../hack/test/steps.ts';
import { expectedSeconds } from '../../hack/test/summary.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const files = testFiles(ROOT);
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
/** In two parts: vitest looks for the whole word in this file too. */
const TAG = `@${'module'}-tag`;
const options = (...argv: string[]) => readOptions(argv, ROOT);
const namesOf = (steps: ReturnType<typeof options>['steps']) =>
  steps.map((step) => (step === 'verify' ? step : step.name));

describe('the tiers of the tests', () => {
  it('leave no file without a step', () => {
    expect(files.length).toBeGreaterThan(200);
    expect(files.filter((file) => stepOf(file) === undefined)).toEqual([]);
  });

  it('give every step files that npm test runs too', () => {
    const quick = new Set(files.filter((file) => !isFull(file, ROOT)).map((file) => stepOf(file)?.name));
    expect(STEPS.filter(({ name }) => !quick.has(name))).toEqual([]);
  });

  it('run every file that is not of the full tier alone with one of two seeds in a row', () => {
    const quick = files.filter((file) => !isFull(file, ROOT));
    const run = [7, 8].map((seed) => STEPS.flatMap((step) => quickFiles(step, seed, ROOT)));
    expect([...new Set(run.flat())].sort()).toEqual(quick);
    for (const step of STEPS) expect(quickFiles(step, 7, ROOT)).not.toEqual([]);
  });

  it('both have every step, and a budget for it', () => {
    const all = ['verify', ...STEPS.map(({ name }) => name)];
    expect(namesOf(options().steps)).toEqual(all);
    expect(namesOf(options('--full').steps)).toEqual(all);
    for (const tier of TIERS) expect(STEPS.filter(({ budget }) => !(budget[tier] > 0))).toEqual([]);
  });

  it('let npm test take a quarter of an hour at most on the reference machine', () => {
    expect(expectedSeconds(lanesOf(options()), 'quick', 1)).toBeLessThanOrEqual(15 * 60);
  });

  it('are said in the first comment where a whole file is meant', () => {
    const tagged = files.filter((file) => read(`operator/${file}`).includes(TAG));
    expect(tagged.filter((file) => !isFull(file, ROOT))).toEqual([]);
  });

  it('are what .ci/run and the scripts call', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(read('.ci/run')).toContain('npm test');
    expect(scripts.test).toMatch(/hack\/test\.ts$/);
    expect(scripts['test:full']).toMatch(/hack\/test\.ts --full$/);
  });
});

describe('the words after npm test --', () => {
  it('are steps, groups of steps, and parts of the paths of tests, which run whole', () => {
    expect(namesOf(options('e2e', 'unit').steps)).toEqual(['unit', 'shared', 'own']);
    const named = options('shared/diamond', 'crash/diamond');
    expect(named.files).toEqual(['test/e2e/shared/diamond.test.ts', 'test/crash/diamond.test.ts']);
    expect(namesOf(named.steps)).toEqual(['shared', 'crash']);
    expect([named.tier, options('e2e').tier, options('--full', 'e2e').tier]).toEqual(['full', 'quick', 'full']);
  });

  it.each([['nonsense'], ['--nonsense'], ['--repeat', 'often', 'unit'], ['--repeat', '0']])(
    'that mean nothing are refused: %s',
    (...argv) => {
      expect(() => options(...argv)).toThrow(UsageError);
    },
  );
});
