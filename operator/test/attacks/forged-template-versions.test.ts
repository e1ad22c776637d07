/**
 * Who: a user who may create ControllerRevisions in a namespace of their own.
 * What they try: by objects that carry the labels of versions of a ClusterWorkflowTemplate, and higher numbers than the
 * genuine ones, to have their content run by whoever uses the template, or to have the genuine versions forgotten.
 * What must be: versions of ClusterWorkflowTemplates are read only from the namespace of the operator; the genuine ones
 * stay, and nothing of the user is deleted.
 */
import { describe, expect } from 'vitest';
import {
  ANNOTATION_VERSION,
  API_VERSION,
  LABEL_TEMPLATE,
  LABEL_TEMPLATE_KIND,
  type TemplateBody,
  type WorkflowTemplate,
} from '../../src/api/index.ts';
import { CLUSTER_WORKFLOW_TEMPLATES } from '../../src/controllers/index.ts';
import { digestOfVersion } from '../../src/definitions/index.ts';
import { CONTROLLER_REVISIONS, type KubeObject } from '../../src/runtime/index.ts';
import { Attacker } from '../support/attacker.ts';
import { it, useOperator } from '../support/e2e.ts';
import { OPERATOR_NAMESPACE } from '../support/installation.ts';
import { IMAGE, type Manifest, script, workflow, workflowRun } from '../support/manifests.ts';
import { outputsOf, type Scenario } from '../support/scenario.ts';

useOperator();

const KIND = 'ClusterWorkflowTemplate';
const FORGED = 25;
const bodyBy = (by: string): TemplateBody => ({
  defaults: { image: IMAGE },
  outputs: [{ name: 'by', value: 'tasks.only.outputs.by' }],
  tasks: [script('only', `echo by=${by} > $ADO_OUTPUTS`, { outputs: [{ name: 'by' }] })],
});

/** A version that fits itself, as if the template had had it. */
function versionOf({ metadata }: WorkflowTemplate, version: string, body: TemplateBody): Manifest {
  const { name, uid = '' } = metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `cluster-template-${name}-${digestOfVersion(version, body).slice(0, 12)}`,
      labels: { [LABEL_TEMPLATE]: name, [LABEL_TEMPLATE_KIND]: KIND },
      annotations: { [ANNOTATION_VERSION]: version },
      ownerReferences: [
        { apiVersion: API_VERSION, kind: KIND, name, uid, controller: true, blockOwnerDeletion: false },
      ],
    },
    revision: 1_000_000,
    data: body,
  };
}

const namesIn = async (scenario: Scenario, namespace: string, template: string): Promise<string[]> => {
  const labelSelector = `${LABEL_TEMPLATE}=${template}`;
  const { items } = await scenario.client.list<KubeObject>(CONTROLLER_REVISIONS, { namespace, labelSelector });
  return items.map(({ metadata }) => metadata.name).sort();
};

describe('versions of a ClusterWorkflowTemplate', () => {
  it('are those in the namespace of the operator, whatever stands elsewhere', async ({ scenario }) => {
    const name = `shared-${scenario.namespace}`;
    const manifest = (version: string, by: string) => ({
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name },
      spec: { version, ...bodyBy(by) },
    });
    const ready = (version: string) =>
      scenario.until(`version ${version} is pinned`, async () => {
        const seen = await scenario.client.get<WorkflowTemplate>(CLUSTER_WORKFLOW_TEMPLATES, { name });
        return seen.status?.versions?.some((each) => each.version === version) && seen;
      });
    await scenario.given(manifest('1.0.0', 'genuine'));
    const template = await ready('1.0.0');
    const rights = [{ group: 'apps', resources: ['controllerrevisions'], verbs: ['get', 'create'] }];
    const mallory = await Attacker.with(scenario, ...rights);
    const forged = Array.from({ length: FORGED }, (_, at) => versionOf(template, `9.${at}.0`, bodyBy('mallory')));
    const items = [...forged, versionOf(template, '1.0.0', bodyBy('mallory'))];
    await mallory.kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
    await scenario.given(manifest('1.1.0', 'genuine'));
    await ready('1.1.0');
    expect(await namesIn(scenario, OPERATOR_NAMESPACE, name)).toHaveLength(2);
    const use = { name: 'use', template: { name, kind: KIND, version: '1.0.0' } } as const;
    const last = script('last', 'echo by=$BY > $ADO_OUTPUTS', {
      needs: ['use'],
      env: { BY: '${{ tasks.use.outputs.by }}' },
      outputs: [{ name: 'by' }],
    });
    await scenario.given(workflow('uses', { tasks: [use, last] }), workflowRun('uses', 'uses'));
    expect(outputsOf(await scenario.ended('uses'), 'last')).toEqual({ by: 'genuine' });
    await scenario.kubectl(['delete', 'acwt', name]);
  });
});
