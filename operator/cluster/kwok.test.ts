import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kwokConfig, simulatedNode, stages } from './kwok.ts';

interface Stage {
  kind: string;
  metadata: { name: string };
  spec: { resourceRef: { kind: string }; steps: { delete?: boolean; patch?: { template: string } }[] };
}

const documents = parseAllDocuments(stages()).map((document) => document.toJS() as Stage);

describe('the stages of a simulated pod', () => {
  it('are all loaded, and are stages', () => {
    const names = documents.map((stage) => `${stage.kind} ${stage.metadata.name}`);
    expect(names.sort()).toEqual([
      'Stage node-ready',
      'Stage pod-end',
      'Stage pod-gone',
      'Stage pod-run',
      'Stage pod-stop',
    ]);
  });

  it('read the annotations of our tests', () => {
    const end = JSON.stringify(documents.find((stage) => stage.metadata.name === 'pod-end'));
    for (const key of ['simulate-seconds', 'simulate-outputs', 'simulate-exit'])
      expect(end).toContain(`flow.ado.dev/${key}`);
  });

  it('read the variables of a Workflow without an annotation', () => {
    const end = JSON.stringify(documents.find((stage) => stage.metadata.name === 'pod-end'));
    for (const name of ['SECONDS', 'OUTPUTS', 'EXIT', 'FAIL_ATTEMPTS']) expect(end).toContain(`SIMULATE_${name}`);
  });

  it('delete an object only after its containers have ended', () => {
    const deleting = documents.filter((stage) => stage.spec.steps.some((step) => step.delete));
    expect(deleting.map((stage) => stage.metadata.name)).toEqual(['pod-gone']);
  });
});

it('marks the nodes for kwok', () => {
  expect(simulatedNode('ado', 3)).toMatchObject({
    metadata: { name: 'ado-simulated-3', annotations: { 'kwok.x-k8s.io/node': 'fake' } },
  });
  expect(kwokConfig('127.0.0.1')).toMatchObject({
    options: { manageNodesWithAnnotationSelector: 'kwok.x-k8s.io/node=fake' },
  });
});
