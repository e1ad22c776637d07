import { type ResourceType, resourceName } from './resource.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** One row of what a component may do: the source that its RBAC rules are generated from. */
export interface AccessRule {
  readonly type: ResourceType;
  /** For a subresource, such as `status`. */
  readonly subresource?: string;
  /** The names of the objects, where the rule does not hold for all of them; a create needs none. */
  readonly names?: readonly string[];
  readonly verbs: readonly Verb[];
}

/**
 * What a client may ask for. A call that has no row fails before it is sent, on any cluster and under any account, so
 * the RBAC rules generated from the table can never be too small.
 */
export class AccessTable {
  private readonly allowed = new Set<string>();

  constructor(rules: readonly AccessRule[]) {
    for (const { type, subresource, verbs } of rules) {
      for (const verb of verbs) this.allowed.add(accessKey(verb, type, subresource));
    }
  }

  /** @throws Error when the table has no row for the call. */
  require(verb: Verb, type: ResourceType, subresource?: string): void {
    if (this.allowed.has(accessKey(verb, type, subresource))) return;
    const target = subresource ? `${resourceName(type)}/${subresource}` : resourceName(type);
    throw new Error(`the access table has no row for ${verb} ${target}; add one, and generate the RBAC rules again`);
  }
}

function accessKey(verb: Verb, type: ResourceType, subresource?: string): string {
  return `${verb} ${type.group}/${type.plural}/${subresource ?? ''}`;
}
