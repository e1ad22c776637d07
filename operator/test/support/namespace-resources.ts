/** Kinds that tests touch and the operator does not. */
import type { ResourceType } from '../../src/runtime/index.ts';

const core = { group: '', version: 'v1' };

export const SERVICE_ACCOUNTS: ResourceType = {
  ...core,
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
};
