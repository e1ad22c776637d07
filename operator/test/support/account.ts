/** Who acts for a task that applies objects. */
import type { Manifest } from './manifests.ts';

/** The service account of tasks that apply objects. */
export const ACCOUNT = 'deployer';

/** A service account that may do this with config maps and jobs. */
export function account(verbs: readonly string[] = ['get', 'create', 'patch', 'delete']): Manifest[] {
  const rbac = 'rbac.authorization.k8s.io';
  const metadata = { name: ACCOUNT };
  const rules = [
    { apiGroups: [''], resources: ['configmaps'], verbs },
    { apiGroups: ['batch'], resources: ['jobs'], verbs },
  ];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name: ACCOUNT },
      subjects: [{ kind: 'ServiceAccount', name: ACCOUNT }],
    },
  ];
}
