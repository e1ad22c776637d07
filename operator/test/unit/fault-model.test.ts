import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/telemetry/metric-table.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FAULTS = 'operator/test/faults';
const page = readFileSync(join(ROOT, 'docs/operations/fault-model.md'), 'utf8');

interface Named {
  readonly file: string;
  readonly title: string;
}

/** The tests that the last column of a row names: `path`: title; `path`: title */
const namedByPage: readonly Named[] = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.includes('.test.ts'))
  .flatMap((line) => (line.split(' | ').at(-1) ?? '').replace(/ \|$/, '').split('; '))
  .map((reference) => {
    const [, file = '', title = ''] = /^`(operator\/[^`]+\.test\.ts)`: (.+)$/.exec(reference) ?? [];
    return { file, title };
  });

/** Titles of the tests of a file, as they are written. */
function titlesOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/\bit(?:\.concurrent)?(?:\.each\([\s\S]*?\))?\(\s*'((?:[^'\\]|\\.)*)'/g)].map(
    ([, title = '']) => title,
  );
}

describe('the fault model', () => {
  it('names tests in every row that it has', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (---|fault) /.test(line));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => !row.includes('.test.ts`: '))).toEqual([]);
    expect(namedByPage.filter(({ file }) => file === '')).toEqual([]);
  });

  it('names no test that is not there', () => {
    const missing = namedByPage.filter(
      ({ file, title }) => !existsSync(join(ROOT, file)) || !titlesOf(file).includes(title),
    );
    expect(missing).toEqual([]);
  });

  it('names no metric that is not there', () => {
    const known = new Set<string>(Object.values(METRICS).map(({ name }) => name));
    const named = [...page.matchAll(/\b(?:ado|rest_client|workqueue|controller_runtime)_[a-z_]+/g)].map(
      ([name]) => name,
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('names every test of a fault', () => {
    const files = readdirSync(join(ROOT, FAULTS)).filter((name) => name.endsWith('.test.ts'));
    const tests = files.flatMap((name) =>
      titlesOf(`${FAULTS}/${name}`).map((title) => ({ file: `${FAULTS}/${name}`, title })),
    );
    const named = new Set(namedByPage.map(({ file, title }) => `${file}: ${title}`));
    expect(tests.length).toBeGreaterThan(5);
    expect(tests.filter(({ file, title }) => !named.has(`${file}: ${title}`))).toEqual([]);
  });
});
