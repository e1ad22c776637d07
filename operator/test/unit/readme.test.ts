import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { USAGE } from '../../src/cmd/config.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PAGES = globSync(['README.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: ROOT });

const COMMANDS = PAGES.flatMap((page) =>
  readFileSync(join(ROOT, page), 'utf8')
    .split('\n')
    .filter((line) => line.includes('kubectl '))
    .map((line) => `${page}: ${line.trim()}`),
);

/** Text of a page without its blocks of code. */
const proseOf = (page: string) => readFileSync(join(ROOT, page), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');

/** Relative links of a page, as files with an anchor or none: `[text](path#anchor)`. */
const linksOf = (page: string) =>
  [...proseOf(page).matchAll(/\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, path = '', anchor]) => ({
    file: path === '' ? page : join(page, '..', path),
    anchor,
  }));

/** The anchors that GitHub gives to the headings of a page. */
const anchorsOf = (page: string) =>
  [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

describe('the pages', () => {
  it('are found: guides, decisions, operations, examples', () => expect(PAGES.length).toBeGreaterThan(100));

  it.each(PAGES)('%s link only to existing files and headings', (page) => {
    const broken = linksOf(page).filter(
      ({ file, anchor }) =>
        !existsSync(join(ROOT, file)) || (anchor !== undefined && !anchorsOf(file).includes(anchor)),
    );
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
