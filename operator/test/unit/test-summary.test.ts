/** What `npm test` says at its end, of results that are made up here. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { announcement } from '../../hack/test/needs.ts';
import { readOptions } from '../../hack/test/options.ts';
import { countOf, readResults, type TestResult } from '../../hack/test/results.ts';
import { failuresOf, type Outcome, slowestOf, sum, tableOf, weakOf } from '../../hack/test/summary.ts';

const test = (title: string, more: Partial<TestResult> = {}): TestResult => ({
  ...{ file: 'a.test.ts', title, state: 'passed', seconds: 1, retries: 0, message: '' },
  ...more,
});
const outcome = (tests: readonly TestResult[], more: Partial<Outcome> = {}): Outcome => ({
  ...{ step: 'unit', seconds: 10, budget: 20, files: [], errors: [], tests },
  ...more,
});

describe('the summary of npm test', () => {
  it('says every failure again, also one of a hook, which fails no test', () => {
    const broken = outcome([test('works'), test('breaks', { state: 'failed', message: '    why' })], {
      errors: ['setup broke'],
    });
    expect(failuresOf([broken])).toEqual([
      'failed in unit: setup broke',
      'failed in unit: a.test.ts > breaks\n    why',
    ]);
    expect([sum([broken], 'passed'), sum([broken], 'failed')]).toEqual([1, 2]);
  });

  it('names a test that passed on the second try, with why it failed on the first', () => {
    const weak = outcome([test('firm'), test('weak', { retries: 1, message: '    late' })]);
    expect(weakOf([weak])).toEqual(['passed on the second try: a.test.ts > weak\n    late']);
    expect(failuresOf([weak])).toEqual([]);
  });

  it('holds a step against its budget at the pace of the machine', () => {
    const slow = outcome([test('a')], { seconds: 30 });
    expect(tableOf([slow], 1, 30)[1]).toMatch(/^unit +1 +0 +30 +20 {2}over its budget$/);
    expect(tableOf([slow], 2, 30)[1]).toMatch(/^unit +1 +0 +30 +40$/);
  });

  it('shows the slowest files and tests first', () => {
    const files = [1, 9, 4].map((seconds) => ({ file: `${seconds}.test.ts`, seconds }));
    const told = slowestOf([outcome([test('slow', { seconds: 8 }), test('quick')], { files })]);
    expect(told.slice(0, 3).map((line) => line.trim())).toEqual(['slowest files', '9 s  9.test.ts', '4 s  4.test.ts']);
    expect(told.at(-2)?.trim()).toBe('8 s  a.test.ts > slow');
  });
});

describe('the results of a step', () => {
  const read = (content: object | undefined, code: number) => {
    const folder = mkdtempSync(join(tmpdir(), 'ado-results-'));
    try {
      const path = join(folder, 'report.json');
      if (content) writeFileSync(path, JSON.stringify(content));
      return readResults(path, code);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it.each([
    ['nothing was left', undefined, 1],
    ['no test was run', { tests: [test('a', { state: 'skipped' })], files: [], errors: [] }, 0],
    ['vitest failed and no test did', { tests: [test('a')], files: [], errors: [] }, 1],
  ])('are a failure when %s', (_what, content, code) => {
    expect(countOf(read(content, code)).failed).toBe(1);
  });

  it('are what the tests say otherwise', () => {
    const report = { tests: [test('a'), test('b', { state: 'failed' })], files: [], errors: [] };
    expect(countOf(read(report, 1))).toEqual({ passed: 1, failed: 1 });
  });
});

it('what is needed is said before it begins: the tier, the time, what must be built, and the seed', () => {
  const told = announcement(readOptions([], process.cwd()), 7, 2, 600_000);
  expect(told[0]).toContain('the quick tier of verify, unit, model');
  expect(told[1]).toMatch(/^about \d+m\d\ds on this machine, which takes 2.00 times the reference$/);
  expect(told.slice(2)).toEqual([
    'first, Kubernetes is built from its Go modules: about 10m00s, once',
    'ADO_SEED=7 takes the same cases again',
  ]);
});
