/** Whoever attacks: a user with the rights that a test names, and no other. */
import { Person } from './people.ts';
import type { Scenario } from './scenario.ts';

/** What a user may do, as RBAC says it. */
export interface Right {
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** A user with just these rights in the scenario's namespace. */
export async function givenAttacker(scenario: Scenario, rights: readonly Right[]): Promise<Person> {
  const name = 'mallory';
  const username = `${name}@${scenario.namespace}`;
  const rules = rights.map(({ group, resources, verbs }) => ({ apiGroups: [group], resources, verbs }));
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const apiGroup = 'rbac.authorization.k8s.io';
  await scenario.given(
    { apiVersion, kind: 'Role', metadata: { name }, rules },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata: { name },
      roleRef: { apiGroup, kind: 'Role', name },
      subjects: [{ apiGroup, kind: 'User', name: username }],
    },
  );
  return new Person(scenario, username);
}
