/** Who acts for a task that applies objects. */
import { OPERATOR_ACCOUNT, OPERATOR_NAMESPACE } from './installation.ts';
import type { Manifest } from './manifests.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** The service account of tasks that apply objects. */
export const ACCOUNT = 'deployer';

/** A service account that may do this with config maps and jobs, and that the operator may act as; as `default` too. */
export function account(verbs: readonly string[] = ['get', 'create', 'patch', 'delete']): Manifest[] {
  const rules = [
    { apiGroups: [''], resources: ['configmaps'], verbs },
    { apiGroups: ['batch'], resources: ['jobs'], verbs },
  ];
  return [...accountWith(ACCOUNT, rules), ...actsAs(ACCOUNT, 'default')];
}

/** A service account with these rights in the namespace. */
export function accountWith(name: string, rules: readonly object[]): Manifest[] {
  const subject = { kind: 'ServiceAccount', name };
  return [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }, ...granted(name, rules, subject)];
}

/** What a namespace has to let the operator act as these accounts of it, and as no others. */
export function actsAs(...names: readonly string[]): Manifest[] {
  const rule = { apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: names, verbs: ['create'] };
  const operator = { kind: 'ServiceAccount', name: OPERATOR_ACCOUNT, namespace: OPERATOR_NAMESPACE };
  return granted('ado-as', [rule], operator);
}

function granted(name: string, rules: readonly object[], subject: object): Manifest[] {
  const roleRef = { apiGroup: RBAC, kind: 'Role', name };
  return [
    { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name }, rules },
    { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name }, roleRef, subjects: [subject] },
  ];
}
