import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, useApiServer } from '../support/control-plane.ts';

const api = useApiServer(import.meta.filename, { crds: false });
const DEFAULT = join(ROOT, 'config/default');
const OPERATOR = 'system:serviceaccount:ado-system:ado-operator';

describe('config/default', () => {
  it('installs at one go, and Pod Security "restricted" has nothing to warn of', async () => {
    // CRDs are known some moments after they are applied; nothing of ours is of these kinds, so one go is enough.
    const { code, stdout, stderr } = await api.kubectl(['apply', '--server-side', '-k', DEFAULT]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('deployment.apps/ado-operator serverside-applied');
    const labels = await api.run(['get', 'namespace', 'ado-system', '-o', 'jsonpath={.metadata.labels}']);
    expect(JSON.parse(labels)).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  it('can be applied again by any kind of apply', async () => {
    expect(await api.kubectl(['apply', '--server-side', '-k', DEFAULT])).toMatchObject({ code: 0 });
    expect(await api.kubectl(['apply', '--dry-run=server', '-k', DEFAULT])).toMatchObject({ code: 0 });
  });

  it.each<[answer: 'yes' | 'no', verb: string, resource: string, namespace: string]>([
    ['yes', 'patch', 'workflowruns.flow.ado.dev/status', 'shop'],
    ['yes', 'create', 'pods', 'shop'],
    ['yes', 'update', 'leases.coordination.k8s.io', 'ado-system'],
    ['no', 'update', 'leases.coordination.k8s.io', 'shop'],
    ['no', 'get', 'secrets', 'shop'],
    ['no', 'get', 'secrets', 'ado-system'],
    ['no', 'create', 'pods/exec', 'shop'],
    ['no', 'update', 'workflows.flow.ado.dev', 'shop'],
  ])('answers %s when the operator asks to %s %s in %s', async (answer, verb, resource, namespace) => {
    const [name = '', subresource] = resource.split('/');
    const sub = subresource ? [`--subresource=${subresource}`] : [];
    const { stdout } = await api.kubectl(['auth', 'can-i', verb, name, ...sub, '-n', namespace, `--as=${OPERATOR}`]);
    expect(stdout.trim()).toBe(answer);
  });
});
