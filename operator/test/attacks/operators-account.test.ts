/**
 * Who: whoever has got hold of the token of the operator. The policies are installed.
 * What they try: to use what RBAC cannot say more narrowly: to change ConfigMaps and ControllerRevisions that are not
 * Ado's, and to get a token of an account of kube-system, though somebody bound the Role there.
 * What must be: refused by the API server itself. Pods and our own kinds are not covered, and the threat model says so.
 */
import { describe, expect } from 'vitest';
import { actsAs } from '../support/account.ts';
import { it, stage, useOperator } from '../support/e2e.ts';
import { OPERATOR_NAMESPACE, OPERATOR_USER } from '../support/installation.ts';
import type { Manifest } from '../support/manifests.ts';
import { Scenario } from '../support/scenario.ts';

useOperator({ admission: true });

const AS = ['--as', OPERATOR_USER];
const MAP: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'any' } };
const REVISION: Manifest = {
  ...{ apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: 'any' } },
  ...{ revision: 1, data: { a: '1' } },
};
const CLAIM: Manifest = {
  ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'any' } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
};

describe('the account of the operator', () => {
  it('writes nothing outside of its kinds but what is its own', async ({ scenario }) => {
    await scenario.until('the policy is in force', () =>
      scenario.refused([...AS, 'create', '--dry-run=server', '-f', '-'], MAP).catch(() => undefined),
    );
    for (const object of [MAP, REVISION, CLAIM]) {
      expect(await scenario.refused([...AS, 'create', '-f', '-'], object)).toMatch(
        /ado-operator.*only cache ConfigMaps .* and objects that an object of flow\.ado\.dev owns/s,
      );
    }
    await scenario.given(MAP, REVISION);
    for (const kind of ['configmap', 'controllerrevision']) {
      expect(await scenario.refused([...AS, 'delete', kind, 'any', '--wait=false'])).toContain('ado-operator');
    }
    await scenario.kubectl([...AS, 'create', '-f', '-'], { ...MAP, metadata: { name: 'ado-cache-0' } });
    await scenario.kubectl([...AS, 'delete', 'configmap', 'ado-cache-0', '--wait=false']);
  });

  it('gets no token where Kubernetes or it itself runs, though it was bound there', async () => {
    for (const namespace of ['kube-system', OPERATOR_NAMESPACE]) {
      const there = Scenario.in(stage(), namespace);
      await there.given(...actsAs('default'));
      try {
        const said = await there.until('the Role is bound', async () => {
          const refusal = await there.refused([...AS, 'create', 'token', 'default']);
          return refusal.includes('ado-operator') && !refusal.includes('cannot create resource') && refusal;
        });
        expect(said).toContain('may not act as a service account');
      } finally {
        await there.kubectl(['delete', 'role,rolebinding', 'ado-as']);
      }
    }
  });
});
