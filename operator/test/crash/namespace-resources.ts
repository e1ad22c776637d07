/** Kinds that tests touch and the operator does not. */
import type { ResourceType } from '../../src/runtime/index.ts';

const core = { group: '', version: 'v1' };

export const NAMESPACES: ResourceType = { ...core, plural: 'namespaces', kind: 'Namespace', namespaced: false };
export const SERVICE_ACCOUNTS: ResourceType = {
  ...core,
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
};
