import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { API_VERSION } from '../../src/api/index.ts';
import { type Output, ROOT, useApiServer } from '../support/control-plane.ts';
import { exampleFolders } from '../support/examples.ts';

const api = useApiServer();

const apply = (namespace: string, yaml: string): Promise<Output> =>
  api.kubectl(['apply', '-n', namespace, '--validate=strict', '--dry-run=server', '-f', '-'], yaml);
const withHooks = (hooks: string) => `
apiVersion: ${API_VERSION}
kind: Workflow
metadata: {name: hooked}
spec:
  hooks: ${hooks}
  tasks:
  - {name: a, run: 'true', hooks: ${hooks}}
`;

describe('an example, as kubectl reads it', () => {
  it.each(exampleFolders())('%s is taken by the API server', async (folder) => {
    const text = readFileSync(join(ROOT, 'examples', folder, 'workflow.yaml'), 'utf8');
    const ours = text.split(/^---$/m).filter((part) => part.includes(`apiVersion: ${API_VERSION}`));
    expect(ours.length).toBeGreaterThan(0);
    // In a namespace of the test, whichever the example names.
    const here = ours.join('---').replaceAll(/^ {2}namespace: .*\n/gm, '');
    expect(await apply(await api.namespace(), here)).toMatchObject({ code: 0 });
  });
});

describe('a hook on a real API server', () => {
  it.each([
    ['by event', '[{event: Failed, run: x}, {event: Started, run: x}]'],
    ['by the quoted name of before', '[{"on": Failed, run: x}, {event: Started, run: x}]'],
  ])('says when it runs %s', async (_how, hooks) => {
    expect(await apply(await api.namespace(), withHooks(hooks))).toMatchObject({ code: 0 });
  });

  it.each([
    ['unquoted, which is true to kubectl', '[{on: Failed, run: x}]', 'true'],
    ['twice', '[{event: Failed, run: x}, {event: Failed, run: z}]', 'at most one hook per event is allowed'],
    [
      'twice by both names',
      '[{event: Failed, run: x}, {"on": Failed, run: z}]',
      'at most one hook per event is allowed',
    ],
    ['by both names at once', '[{event: Failed, "on": Failed, run: x}]', 'a hook must say when it runs'],
    ['not at all', '[{run: x}]', 'a hook must say when it runs'],
    ['by a word that is none', '[{event: Later, run: x}]', 'Unsupported value: "Later"'],
  ])('is refused where it says so %s', async (_how, hooks, words) => {
    const { code, stderr } = await apply(await api.namespace(), withHooks(hooks));
    expect(code).not.toBe(0);
    expect(stderr).toContain(words);
  });
});
