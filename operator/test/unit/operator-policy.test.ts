import { Environment } from '@marcbachmann/cel-js';
import { describe, expect, it } from 'vitest';
import { powerPolicy } from '../../hack/generate/admission-policies.ts';
import { API_VERSION } from '../../src/api/index.ts';

const OPERATOR = 'system:serviceaccount:tools:ado';
const policy = powerPolicy(OPERATOR);
const cel = new Environment({ unlistedVariablesAreDyn: true });

interface Asked {
  readonly username?: string;
  readonly operation?: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly resource: string;
  readonly namespace?: string;
  readonly metadata?: object;
}

/** Whether the API server would do it, as it evaluates the policy: the conditions, then the variables, then each rule. */
function isAllowed({ username = OPERATOR, operation = 'CREATE', resource, namespace = 'shop', metadata = {} }: Asked) {
  const request = { userInfo: { username }, operation, namespace, resource: { resource } };
  const seen = { metadata: { name: 'any', ...metadata } };
  const isGone = operation === 'DELETE';
  const bindings = { request, object: isGone ? null : seen, oldObject: operation === 'CREATE' ? null : seen };
  const matches = (policy.matchConditions ?? []).every(({ expression }) => cel.evaluate(expression, bindings));
  if (!matches) return true;
  const variables = Object.fromEntries(
    policy.variables.map((each) => [each.name, cel.evaluate(each.expression, bindings)]),
  );
  const rules = policy.validations as readonly { readonly expression: string }[];
  return rules.every(({ expression }) => cel.evaluate(expression, { ...bindings, variables }) === true);
}

const owned = (apiVersion: string) => ({ ownerReferences: [{ apiVersion, kind: 'X', name: 'x', uid: 'x' }] });
const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE'] as const;

describe('the policy that keeps the operator to what is its own', () => {
  it.each(OPERATIONS)('lets it do its work: %s', (operation) => {
    const cache = { resource: 'configmaps', metadata: { name: 'ado-cache-0123456789abcdef' } };
    expect(isAllowed({ operation, ...cache })).toBe(true);
    for (const resource of ['controllerrevisions', 'persistentvolumeclaims']) {
      expect(isAllowed({ operation, resource, metadata: owned(API_VERSION) })).toBe(true);
    }
    expect(isAllowed({ resource: 'serviceaccounts' })).toBe(true);
  });

  it.each(OPERATIONS)('refuses it everything else: %s', (operation) => {
    for (const resource of ['configmaps', 'controllerrevisions', 'persistentvolumeclaims']) {
      for (const metadata of [{}, { ownerReferences: [] }, owned('apps/v1'), owned('flow.ado.dev.evil/v1')]) {
        expect(isAllowed({ operation, resource, metadata }), `${resource} ${JSON.stringify(metadata)}`).toBe(false);
      }
    }
    expect(isAllowed({ operation, resource: 'configmaps', metadata: owned(API_VERSION) })).toBe(false);
  });

  it('refuses it tokens of Kubernetes and of itself', () => {
    for (const namespace of ['kube-system', 'kube-public', 'kube-node-lease', 'tools']) {
      expect(isAllowed({ resource: 'serviceaccounts', namespace })).toBe(false);
    }
  });

  it('is about nobody else', () => {
    expect(isAllowed({ username: 'jane', resource: 'configmaps' })).toBe(true);
    expect(isAllowed({ username: 'jane', resource: 'serviceaccounts', namespace: 'kube-system' })).toBe(true);
  });
});
