import { beforeEach, describe, expect, it } from 'vitest';
import {
  ANNOTATION_VERSION,
  API_VERSION,
  LABEL_TEMPLATE,
  LABEL_TEMPLATE_KIND,
  type ObjectMeta,
  objectKey,
  type Task,
  type TemplateBody,
  type Workflow,
  type WorkflowTemplate,
} from '../../api/index.ts';
import {
  affectedBy,
  decodeVersion,
  digestOfVersion,
  findTemplates,
  templateKey,
  versionName,
  watchTemplates,
} from '../../definitions/index.ts';
import type { LibraryKind } from '../../engine/index.ts';
import type { KubeObject, Store } from '../../runtime/index.ts';
import { createStores, type Stores } from './stores.ts';

let stores: Stores;
beforeEach(() => {
  stores = createStores(true);
});

let resourceVersion = 0;
function put<T extends { metadata: ObjectMeta }>(store: Store<T> | undefined, value: T): void {
  resourceVersion += 1;
  store?.put({
    key: objectKey(value.metadata),
    uid: value.metadata.uid ?? '',
    resourceVersion: `${resourceVersion}`,
    value,
  });
}

const bodyWith = (...names: (string | NonNullable<Task['template']>)[]): TemplateBody => ({
  tasks: [
    { name: 'go', image: 'a', run: 'true' },
    ...names.map((of, index) => ({ name: `t${index}`, template: typeof of === 'string' ? { name: of } : of })),
  ],
});

function revision(kind: LibraryKind, name: string, version: string, body: TemplateBody): KubeObject {
  return {
    metadata: {
      name: versionName(kind, name, digestOfVersion(version, body)),
      namespace: 'n',
      uid: `${name}-${version}`,
      labels: { [LABEL_TEMPLATE]: name, [LABEL_TEMPLATE_KIND]: kind },
      annotations: { [ANNOTATION_VERSION]: version },
      ownerReferences: [{ apiVersion: API_VERSION, kind, name, uid: name, controller: true }],
    },
    ...{ data: body, revision: 1 },
  };
}

/** Puts a template with a version into the stores as they are once it was reconciled. */
function given(kind: LibraryKind, name: string, version: string, body: TemplateBody): WorkflowTemplate {
  const digest = digestOfVersion(version, body);
  const template: WorkflowTemplate = {
    apiVersion: '',
    kind,
    metadata: { name, uid: name, ...(kind === 'WorkflowTemplate' ? { namespace: 'n' } : {}) },
    spec: { version, ...body },
    status: { definition: { digest, revision: '' }, versions: [{ version, digest }] },
  };
  put(kind === 'WorkflowTemplate' ? stores.templates : stores.clusterTemplates, template);
  put(stores.versions, decodeVersion(revision(kind, name, version, body), 'n'));
  return template;
}

const problemOf = (found: unknown) => (found as { problem?: string }).problem;

describe('finding a template', () => {
  it('gives the current content, or that of a version', () => {
    const old = bodyWith();
    const current = bodyWith('other');
    given('WorkflowTemplate', 'a', '1.0.0', old);
    const { status } = given('WorkflowTemplate', 'a', '2.0.0', current);
    const template = stores.templates.get('n/a') as WorkflowTemplate;
    const versions = [...(status?.versions ?? []), { version: '1.0.0', digest: digestOfVersion('1.0.0', old) }];
    put(stores.templates, { ...template, status: { ...status, versions } });
    const find = findTemplates(stores, 'n');
    expect(find('WorkflowTemplate', 'a')).toEqual(current);
    expect(find('WorkflowTemplate', 'a', '1.0.0')).toEqual(old);
    expect(problemOf(find('WorkflowTemplate', 'a', '3.0.0'))).toBe(
      'WorkflowTemplate "a" has no version "3.0.0"; it has the versions 2.0.0, 1.0.0',
    );
    expect(problemOf(findTemplates(stores, 'm')('WorkflowTemplate', 'a'))).toContain('in the namespace m; create it');
  });

  it('takes no content for a version but the one that its status names', () => {
    const template = given('WorkflowTemplate', 'a', '1.0.0', bodyWith());
    for (const key of [...stores.versions.keys()]) stores.versions.remove(key);
    put(stores.versions, decodeVersion(revision('WorkflowTemplate', 'a', '1.0.0', bodyWith('evil')), 'n'));
    expect(template.status?.versions).toHaveLength(1);
    expect(problemOf(findTemplates(stores, 'n')('WorkflowTemplate', 'a', '1.0.0'))).toContain('is no longer stored');
  });

  it('takes nothing of another owner, nor of another namespace, though its content is the same', () => {
    const body = bodyWith();
    const { status } = given('WorkflowTemplate', 'a', '1.0.0', body);
    const find = findTemplates(stores, 'n');
    expect(find('WorkflowTemplate', 'a')).toEqual(body);
    for (const key of [...stores.versions.keys()]) stores.versions.remove(key);
    const stranger = revision('WorkflowTemplate', 'a', '1.0.0', body);
    const [owner] = stranger.metadata.ownerReferences ?? [];
    if (!owner) throw new Error('a version has an owner');
    stranger.metadata.ownerReferences = [{ ...owner, uid: 'another' }];
    const elsewhere = revision('WorkflowTemplate', 'a', '1.0.0', body);
    elsewhere.metadata.namespace = 'm';
    for (const object of [stranger, elsewhere]) put(stores.versions, decodeVersion(object, 'n'));
    expect(status?.definition).toBeDefined();
    expect(problemOf(find('WorkflowTemplate', 'a'))).toContain('is no longer stored');
  });

  it('says why a template cannot be used', () => {
    const { status: _status, ...unjudged } = given('WorkflowTemplate', 'a', '1.0.0', bodyWith());
    put(stores.templates, unjudged);
    const find = findTemplates(stores, 'n');
    expect(problemOf(find('WorkflowTemplate', 'a'))).toContain('has no valid version: it is not validated yet');
    const conditions = [
      {
        type: 'Ready',
        status: 'False' as const,
        reason: 'InvalidSpec',
        message: 'spec.x: bad',
        lastTransitionTime: '',
      },
    ];
    put(stores.templates, { ...unjudged, status: { conditions } });
    expect(problemOf(find('WorkflowTemplate', 'a'))).toContain('has no valid version: spec.x: bad');
  });

  it('finds those of the cluster from everywhere, unless single namespaces are served', () => {
    given('ClusterWorkflowTemplate', 'c', '1.0.0', bodyWith());
    expect(findTemplates(stores, 'anywhere')('ClusterWorkflowTemplate', 'c')).toEqual(bodyWith());
    stores = createStores(false);
    expect(problemOf(findTemplates(stores, 'n')('ClusterWorkflowTemplate', 'c'))).toContain('serves single namespaces');
  });
});

describe('a change of a template', () => {
  const workflow = (namespace: string, name: string, ...uses: Parameters<typeof bodyWith>): Workflow => ({
    apiVersion: '',
    kind: 'Workflow',
    metadata: { name, namespace, uid: `${namespace}-${name}` },
    spec: bodyWith(...uses),
  });

  it('reaches whoever uses it, also through other templates, and nobody else', () => {
    put(stores.workflows, workflow('n', 'direct', 'a'));
    put(stores.workflows, workflow('n', 'through', 'b'));
    put(stores.workflows, workflow('n', 'other', 'd'));
    put(stores.workflows, workflow('m', 'direct', 'a'));
    given('WorkflowTemplate', 'b', '1.0.0', bodyWith('a'));
    const { workflows, templates } = affectedBy(stores, templateKey('WorkflowTemplate', { namespace: 'n', name: 'a' }));
    expect([...workflows].sort()).toEqual(['n/direct', 'n/through']);
    expect([...templates.WorkflowTemplate]).toEqual(['n/b']);
  });

  it('reaches those that use an old version which uses it', () => {
    put(stores.workflows, workflow('n', 'old', { name: 'b', version: '1.0.0' }));
    given('WorkflowTemplate', 'b', '1.0.0', bodyWith('a'));
    given('WorkflowTemplate', 'b', '2.0.0', bodyWith());
    const { workflows } = affectedBy(stores, templateKey('WorkflowTemplate', { namespace: 'n', name: 'a' }));
    expect([...workflows]).toEqual(['n/old']);
  });

  it('reaches all namespaces from the cluster, and ends where templates use each other', () => {
    const cluster = { name: 'c', kind: 'ClusterWorkflowTemplate' as const };
    put(stores.workflows, workflow('n', 'one', cluster));
    put(stores.workflows, workflow('m', 'two', cluster));
    given('ClusterWorkflowTemplate', 'c', '1.0.0', bodyWith('e'));
    given('ClusterWorkflowTemplate', 'e', '1.0.0', bodyWith('c'));
    const { workflows, templates } = affectedBy(stores, templateKey('ClusterWorkflowTemplate', { name: 'e' }));
    expect([...workflows].sort()).toEqual(['m/two', 'n/one']);
    expect([...templates.ClusterWorkflowTemplate].sort()).toEqual(['c', 'e']);
  });

  it('is told of when the template or a version of it comes, changes or goes', () => {
    const told: string[] = [];
    watchTemplates(stores, (key) => told.push(key));
    given('WorkflowTemplate', 'a', '1.0.0', bodyWith());
    stores.templates.remove('n/a');
    expect(told).toEqual(Array.from({ length: 3 }, () => 'WorkflowTemplate/n/a'));
  });
});

describe('a version', () => {
  it('has the digest of what it says, whatever is written on it', () => {
    const body = bodyWith();
    const decoded = decodeVersion(revision('WorkflowTemplate', 'a', '1.0.0', body), 'n');
    expect(decoded.digest).toBe(digestOfVersion('1.0.0', body));
    expect(digestOfVersion('1.0.1', body)).not.toBe(decoded.digest);
    expect(digestOfVersion('1.0.0', bodyWith('b'))).not.toBe(decoded.digest);
  });

  it('of the cluster is taken only from the namespace of the operator', () => {
    const elsewhere = revision('ClusterWorkflowTemplate', 'c', '1.0.0', bodyWith());
    expect(decodeVersion(elsewhere, 'n').kind).toBe('ClusterWorkflowTemplate');
    expect(() => decodeVersion(elsewhere, 'ado-system')).toThrow(
      'only ado-system has versions of ClusterWorkflowTemplates; delete it',
    );
  });

  it('is not taken when its name is not that of its content', () => {
    const forged = { ...revision('WorkflowTemplate', 'a', '1.0.0', bodyWith()), data: bodyWith('evil') };
    expect(() => decodeVersion(forged, 'n')).toThrow('delete it');
    const renumbered = revision('WorkflowTemplate', 'a', '1.0.0', bodyWith());
    renumbered.metadata.annotations = { [ANNOTATION_VERSION]: '2.0.0' };
    expect(() => decodeVersion(renumbered, 'n')).toThrow('delete it');
  });

  it('is no other object that carries the label', () => {
    expect(() => decodeVersion({ metadata: { name: 'x', labels: { [LABEL_TEMPLATE]: 'a' } } }, 'n')).toThrow(
      'ControllerRevision x is not a version of a template',
    );
  });
});
