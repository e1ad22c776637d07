import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kindArgs, listsCluster } from './kind.ts';

describe('kind', () => {
  it('creates a cluster with our configuration, and never writes the kubeconfig of the user', () => {
    const args = kindArgs.create('ado', '/s/kubeconfig');
    expect(existsSync(args[args.indexOf('--config') + 1] ?? '')).toBe(true);
    expect(args[args.indexOf('--kubeconfig') + 1]).toBe('/s/kubeconfig');
    expect(args[args.indexOf('--name') + 1]).toBe('ado');
  });

  it('deletes only the cluster of the name', () => {
    expect(kindArgs.remove('ado', '/s/kubeconfig')).toEqual([
      'delete',
      'cluster',
      '--name',
      'ado',
      '--kubeconfig',
      '/s/kubeconfig',
    ]);
  });
});

it('finds a cluster by its complete name in the list', () => {
  expect(listsCluster('ado\nado-test\n', 'ado-test')).toBe(true);
  expect(listsCluster('ado-test\n', 'ado')).toBe(false);
  expect(listsCluster('No kind clusters found.\n', 'ado')).toBe(false);
});
