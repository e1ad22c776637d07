import type { AccessRule } from '../../src/runtime/index.ts';

export const NAMESPACE = 'ado-system';
export const SERVICE_ACCOUNT = 'ado-operator';

interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The RBAC rules that an access table stands for; resources of a group with the same verbs share a rule. */
export function policyRules(table: readonly AccessRule[]): PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  for (const { type, subresource, names, verbs } of table) {
    const resource = subresource ? `${type.plural}/${subresource}` : type.plural;
    const key = `${type.group} ${[...verbs].sort().join()} ${names?.join() ?? ''}`;
    const rule = rules.get(key);
    if (rule) rule.resources.push(resource);
    else
      rules.set(key, { apiGroups: [type.group], resources: [resource], ...(names && { resourceNames: names }), verbs });
  }
  return [...rules.values()];
}

const labels = { 'app.kubernetes.io/name': 'ado', 'app.kubernetes.io/component': 'operator' };
const metadata = (name: string, namespace?: string) => ({ name, ...(namespace ? { namespace } : {}), labels });
const subjects = [{ kind: 'ServiceAccount', name: SERVICE_ACCOUNT, namespace: NAMESPACE }];

export function serviceAccount(): unknown {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(SERVICE_ACCOUNT, NAMESPACE) };
}

/** What the operator may do in every namespace. */
export function clusterRole(table: readonly AccessRule[]): unknown[] {
  return bound('ClusterRole', table, metadata(SERVICE_ACCOUNT));
}

/** What it may do in its own namespace. */
export function ownNamespaceRole(table: readonly AccessRule[]): unknown[] {
  return bound('Role', table, metadata(SERVICE_ACCOUNT, NAMESPACE));
}

/** What it may do in a namespace that it is to serve; whoever applies it says which. */
export function servedNamespaceRole(table: readonly AccessRule[]): unknown[] {
  return bound('Role', table, metadata(SERVICE_ACCOUNT));
}

/** What it may do besides in a namespace that wants something of it, such as webhooks; whoever applies it says which. */
export function grantedRole(what: string, table: readonly AccessRule[]): unknown[] {
  return bound('Role', table, metadata(`${SERVICE_ACCOUNT}-${what}`));
}

function bound(kind: 'ClusterRole' | 'Role', table: readonly AccessRule[], meta: ReturnType<typeof metadata>) {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name: meta.name };
  return [
    { apiVersion, kind, metadata: meta, rules: policyRules(table) },
    { apiVersion, kind: `${kind}Binding`, metadata: meta, roleRef, subjects },
  ];
}
