import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const page = readFileSync(join(ROOT, 'docs/operations/threat-model.md'), 'utf8');
/** The tests that the last column of a row names: `path`: title; `path`: title */
const named = [...page.matchAll(/`(operator\/[^`]+\.test\.ts)`: (.+?)(?=; `operator| \|\n)/g)].map(
  ([, file = '', title = '']) => ({ file, title }),
);

describe('the threat model', () => {
  it('names a test in every row of attacks', () => {
    const rows = page
      .slice(page.indexOf('| attack |'))
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (attack|---) \|/.test(line));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => !row.includes('.test.ts`: '))).toEqual([]);
  });

  it('names no test that is not there', () => {
    const missing = named.filter(
      ({ file, title }) =>
        !existsSync(join(ROOT, file)) || !readFileSync(join(ROOT, file), 'utf8').includes(`'${title}'`),
    );
    expect(missing).toEqual([]);
  });
});
