import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kindArgs, listsCluster } from './kind.ts';

describe('kind is asked', () => {
  it('for a cluster by our configuration, which exists, and never for the kubeconfig of the user', () => {
    const args = kindArgs.create('ado', '/s/kubeconfig');
    expect(existsSync(args[args.indexOf('--config') + 1] ?? '')).toBe(true);
    expect(args[args.indexOf('--kubeconfig') + 1]).toBe('/s/kubeconfig');
    expect(args[args.indexOf('--name') + 1]).toBe('ado');
  });

  it('to delete the cluster of the name and no other', () => {
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

it('finds a cluster by its whole name in the list', () => {
  expect(listsCluster('ado\nado-test\n', 'ado-test')).toBe(true);
  expect(listsCluster('ado-test\n', 'ado')).toBe(false);
  expect(listsCluster('No kind clusters found.\n', 'ado')).toBe(false);
});
