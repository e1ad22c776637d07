import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WorkflowSpec } from '../../src/api/index.ts';
import { validateWorkflow } from '../../src/engine/validate/index.ts';
import { exampleFolders, filesOf, objectsOf, ROOT } from '../support/examples.ts';

const GUIDE = join(ROOT, 'docs/guides');
const pages = readdirSync(GUIDE).filter((name) => name.endsWith('.md') && name !== 'README.md');
const textOf = (page: string) => readFileSync(join(GUIDE, page), 'utf8');

interface Shown {
  readonly page: string;
  readonly file: string;
  readonly yaml: string;
}

/** Blocks of YAML whose first line names the file that they are from. */
const shown = pages.flatMap((page) =>
  [...textOf(page).matchAll(/```yaml\n# (examples\/\S+)\n([\s\S]*?)```/g)].map(
    ([, file = '', yaml = '']): Shown => ({ page, file, yaml }),
  ),
);

describe('the guide', () => {
  it('shows examples', () => expect(shown.length).toBeGreaterThan(8));

  it('shows no YAML that no example has, but for patches of an installation', () => {
    const blocks = pages.flatMap((page) =>
      [...textOf(page).matchAll(/```yaml\n(.*)\n/g)].map(([, first = '']) => `${page}: ${first}`),
    );
    expect(blocks.filter((first) => !/: # (examples\/|a patch of config\/)/.test(first))).toEqual([]);
  });

  it.each(shown)('$page shows $file as it is', ({ file, yaml }) => {
    const path = join(ROOT, file);
    expect(existsSync(path), file).toBe(true);
    expect(`\n${readFileSync(path, 'utf8')}`).toContain(`\n${yaml}`);
  });

  it.each(exampleFolders())('has a page that names examples/%s', (folder) => {
    const naming = [...pages.map(textOf), readFileSync(join(ROOT, 'README.md'), 'utf8')];
    expect(naming.some((text) => new RegExp(`examples/${folder}\\b(?!-)`).test(text))).toBe(true);
  });

  it.each(pages)('names %s in its index', (page) => {
    expect(textOf('README.md')).toContain(`](${page})`);
  });

  it.each(pages)('%s names tests that there are', (page) => {
    const named = [...textOf(page).matchAll(/`(operator\/\S+\.test\.ts)`/g)].map(([, test = '']) => test);
    expect(named.length).toBeGreaterThan(0);
    const files = named.filter((test) => !test.includes('*'));
    expect(files.filter((test) => !existsSync(join(ROOT, test)))).toEqual([]);
  });
});

describe('the page of waiting', () => {
  it('names every reason that a task may wait for', () => {
    const table = readFileSync(join(ROOT, 'operator/src/api/reasons.ts'), 'utf8').split('// Waiting\n')[1] ?? '';
    const reasons = [...table.matchAll(/^ {2}([A-Z]\w+): /gm)].map(([, reason = '']) => reason);
    expect(reasons.length).toBeGreaterThan(10);
    const page = textOf('waiting.md');
    expect(reasons.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([]);
  });
});

describe('an example', () => {
  it.each(exampleFolders())('%s has Workflows that can run', (folder) => {
    const files = filesOf(folder).filter((file) => file.endsWith('.yaml') && file !== 'expect.yaml');
    const workflows = files.flatMap((file) => objectsOf(folder, file)).filter(({ kind }) => kind === 'Workflow');
    expect(workflows.length).toBeGreaterThan(0);
    for (const { spec } of workflows) expect(validateWorkflow(spec as WorkflowSpec)).toEqual([]);
  });

  it('has a Workflow whose name no other example uses, so that they can stand in one namespace', () => {
    const names = exampleFolders().flatMap((folder) =>
      objectsOf(folder, 'workflow.yaml').map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it.each(exampleFolders().filter((name) => name !== 'quickstart'))('%s says in a README what one sees', (folder) => {
    const readme = readFileSync(join(ROOT, 'examples', folder, 'README.md'), 'utf8');
    expect(readme).toContain(`kubectl`);
    expect(readme.split('\n').length).toBeLessThan(30);
  });
});
