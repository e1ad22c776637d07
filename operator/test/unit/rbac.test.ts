import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { generatedFiles } from '../../hack/generate/files.ts';
import { GROUP } from '../../src/api/index.ts';

const ROOT = join(import.meta.dirname, '../../..');
const page = readFileSync(join(ROOT, 'docs/operations/rbac.md'), 'utf8');
const files = generatedFiles();

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** One right: a verb on a resource, perhaps only on objects of a name. */
interface Right {
  readonly resource: string;
  readonly verb: string;
  readonly named: boolean;
}

/** Every right of the roles in a generated file. */
function rightsOf(path: string): Right[] {
  const objects = parseAllDocuments(files.get(path) ?? '').map((document) => document.toJS() as { rules?: Rule[] });
  return objects.flatMap(({ rules = [] }) =>
    rules.flatMap(({ apiGroups: [group = ''], resources, resourceNames, verbs }) =>
      resources.flatMap((plural) => {
        const [name, subresource] = plural.split('/');
        const resource = `${name}${group === '' ? '' : `.${group}`}${subresource ? `/${subresource}` : ''}`;
        return verbs.map((verb) => ({ resource, verb, named: resourceNames !== undefined }));
      }),
    ),
  );
}

const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch']);
/** The rows of the table below a heading: what, verbs, why. */
const rowsBelow = (heading: string) =>
  (page.split(`## ${heading}\n`)[1] ?? '')
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', ''))) ?? [];

/** `verb resource`, sorted, of the rights that are no own kind of ours. */
const foreign = (rights: readonly Right[]) =>
  rights
    .filter(({ resource }) => !resource.includes(`.${GROUP}`))
    .map(({ verb, resource }) => `${verb} ${resource}`)
    .sort();
const told = (heading: string) =>
  rowsBelow(heading)
    .flatMap(([, resource, verbs = '']) => verbs.split(', ').map((verb) => `${verb} ${resource}`))
    .sort();

describe('what the operator may do', () => {
  const everywhere = rightsOf('config/rbac/cluster-role.yaml');

  it.each([
    ['In every namespace', 'config/rbac/cluster-role.yaml'],
    ['In its own namespace', 'config/rbac/own/role.yaml'],
    ['Granted by a namespace', 'config/rbac/{resource-tasks,webhooks}/role.yaml'],
  ])('%s is told, each right with its reason', (heading, pattern) => {
    const [head = '', list = '', tail = ''] = pattern.split(/[{}]/);
    const rights = list.split(',').flatMap((each) => rightsOf(`${head}${each}${tail}`));
    expect(told(heading)).toEqual(foreign(rights));
    for (const [, resource, , why = ''] of rowsBelow(heading)) expect(why.length, resource).toBeGreaterThan(20);
  });

  it('in every namespace is no way to more: no token, Secret, role, account, webhook of others or workload', () => {
    const writes = everywhere.filter(({ verb, resource }) => !READS.has(verb) && !resource.includes(`.${GROUP}`));
    const unnamed = [...new Set(writes.filter(({ named }) => !named).map(({ resource }) => resource))].sort();
    expect(unnamed).toEqual([
      'configmaps',
      'controllerrevisions.apps',
      'events.events.k8s.io',
      'persistentvolumeclaims',
      'pods',
      'selfsubjectreviews.authentication.k8s.io',
    ]);
    const text = files.get('config/rbac/cluster-role.yaml') ?? '';
    for (const power of [
      '*',
      'secrets',
      'serviceaccounts',
      'impersonate',
      'escalate',
      'bind\n',
      'pods/exec',
      'nodes',
    ]) {
      expect(text).not.toContain(power);
    }
  });

  it('is bound in no namespace by the kustomization of an install, but for what every namespace needs', () => {
    const installed = ['config/rbac/kustomization.yaml', 'config/rbac/served/kustomization.yaml'];
    for (const path of installed) expect(files.get(path)).not.toMatch(/resource-tasks|webhooks/);
    const inEach = rightsOf('config/rbac/served/role.yaml').map(({ verb, resource }) => `${verb} ${resource}`);
    expect(inEach.filter((right) => right.includes('token') || right.includes('secrets'))).toEqual([]);
  });
});
