import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { USAGE } from '../../src/cmd/config.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PAGES = ['README.md', 'docs/architecture.md', 'docs/deployment.md', 'docs/operations/runbook.md'];

const COMMANDS = globSync(['README.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: ROOT }).flatMap((page) =>
  readFileSync(join(ROOT, page), 'utf8')
    .split('\n')
    .filter((line) => line.includes('kubectl '))
    .map((line) => `${page}: ${line.trim()}`),
);

/** Relative links of a page: `[text](path)`. */
function linksOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] ?? '');
}

describe('the pages', () => {
  it.each(PAGES)('%s link only to what is there', (page) => {
    const broken = linksOf(page).filter((link) => !existsSync(join(ROOT, dirname(page), link)));
    expect(broken).toEqual([]);
  });

  it('show the two commands on the first screen of the README', () => {
    const screen = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').slice(0, 40).join('\n');
    for (const command of ['npm run demo', 'npm test']) expect(screen).toContain(command);
  });

  it('ask kubectl for whole logs: with -l it shows ten lines of each container', () => {
    const logs = COMMANDS.filter((line) => /kubectl logs .*-l /.test(line));
    expect(logs.length).toBeGreaterThan(1);
    expect(logs.filter((line) => !line.includes('--tail=-1'))).toEqual([]);
  });

  it('never tell a reader to delete everything of a kind, but where all of Ado is uninstalled', () => {
    const deletions = COMMANDS.filter((line) => /kubectl delete .*--all\b/.test(line));
    expect(deletions).toEqual(['docs/deployment.md: $ kubectl delete awf,awr --all -A']);
  });

  it('show every option of the operator as it does itself', () => {
    const page = readFileSync(join(ROOT, 'docs/deployment.md'), 'utf8');
    const shown = /```text\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    expect(USAGE).toBe(`Usage: operator [options]\n\n${shown}\n${USAGE.split('\n').slice(-2).join('\n')}`);
  });
});
