import { describe, expect, it } from 'vitest';
import type { PodMetadata } from '../../api/index.ts';
import { validateWorkflow } from './workflow.ts';

const told = (podMetadata: PodMetadata, of: 'task' | 'defaults' = 'task') => {
  const [task, defaults] = of === 'task' ? [{ podMetadata }, {}] : [{}, { podMetadata }];
  const spec = { defaults: { image: 'i', ...defaults }, tasks: [{ name: 'a', run: 'true', ...task }] };
  return validateWorkflow(spec).map(({ path, message }) => `${path}: ${message}`);
};

describe('labels and annotations of a pod', () => {
  it.each([
    ['flow.ado.dev/proof', 'Ado'],
    ['workspace.flow.ado.dev/source', 'Ado'],
    ['app.kubernetes.io/managed-by', 'Ado'],
    ['kubernetes.io/config.mirror', 'Kubernetes'],
  ])('with the key %s are refused, as a key of %s', (key, owner) => {
    const why = `"${key}" is reserved for ${owner}; remove it, or use a key of your own domain`;
    expect(told({ labels: { [key]: 'x' } })).toEqual([`spec.tasks[0].podMetadata.labels["${key}"]: ${why}`]);
    expect(told({ annotations: { [key]: 'x' } }, 'defaults')).toEqual([
      `spec.defaults.podMetadata.annotations["${key}"]: ${why}`,
    ]);
  });

  it('hold no expression', () => {
    expect(told({ annotations: { 'team.example/a': '${{ params.x }}' } })).toEqual([
      expect.stringMatching(/^spec.tasks\[0\].podMetadata.annotations\["team.example\/a"\]: \${{ }} is not evaluated/),
    ]);
  });

  it('with keys of others are taken', () => {
    expect(told({ labels: { team: 'a' }, annotations: { 'sidecar.istio.io/inject': 'false' } })).toEqual([]);
  });
});
