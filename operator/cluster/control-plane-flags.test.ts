import { describe, expect, it } from 'vitest';
import { expectedDaemons } from './components.ts';
import {
  AUDIT_POLICY,
  apiServerFlags,
  type ControlPlane,
  controllerManagerFlags,
  controlPlaneCertificates,
  etcdFlags,
  schedulerFlags,
} from './control-plane-flags.ts';

const ports = { api: 6443, etcd: 2379, etcdPeer: 2380, controllerManager: 10257, scheduler: 10259, kwok: 10247 };
const withNode: ControlPlane = { name: 'ado', folder: '/s', ports, address: '10.213.7.2', node: true };
const alone: ControlPlane = { ...withNode, address: '127.0.0.1', node: false };

describe('the API server', () => {
  it('listens for its node and pods, or only on the loopback address without a node', () => {
    expect(apiServerFlags(withNode)).toContain('--advertise-address=10.213.7.2');
    expect(apiServerFlags(alone)).toContain('--bind-address=127.0.0.1');
    expect(apiServerFlags(alone)).toContain('--endpoint-reconciler-type=none');
  });

  it('has a certificate for all of its names', () => {
    const names = controlPlaneCertificates(withNode).find((request) => request.file === 'apiserver')?.names;
    expect(names).toEqual(expect.arrayContaining(['10.213.7.2', '10.96.0.1', '127.0.0.1', 'kubernetes.default.svc']));
  });

  it('writes every request to the audit log once', () => {
    expect(AUDIT_POLICY).toMatchObject({ omitStages: ['RequestReceived'], rules: [{ level: 'Metadata' }] });
    expect(apiServerFlags(alone)).toContain('--audit-log-path=/s/audit.log');
  });

  it('can ask kubelets for logs', () => {
    expect(apiServerFlags(withNode)).toContain('--kubelet-preferred-address-types=InternalIP');
    expect(apiServerFlags(withNode)).toContain('--kubelet-client-key=/s/pki/apiserver-kubelet-client.key');
  });
});

it('requires client certificates for etcd', () => {
  expect(etcdFlags(alone)).toContain('--client-cert-auth=true');
  expect(etcdFlags(alone)).toContain('--peer-client-cert-auth=true');
  expect(etcdFlags(alone).filter((flag) => flag.includes('http://'))).toEqual([]);
});

it('raises the client limits of the controllers', () => {
  for (const flags of [controllerManagerFlags(alone), schedulerFlags(alone)])
    expect(flags).toContain('--kube-api-qps=1000');
});

describe('the daemons of a cluster', () => {
  it('are two for an API server without controllers', () => {
    expect(expectedDaemons({ controllers: false, node: false, simulatedNodes: 0 })).toEqual(['etcd', 'kube-apiserver']);
  });

  it('include those of a node only if there is one', () => {
    expect(expectedDaemons({ controllers: true, node: true, simulatedNodes: 0 })).toContain('kubelet');
    expect(expectedDaemons({ controllers: true, node: false, simulatedNodes: 9 })).not.toContain('kubelet');
    expect(expectedDaemons({ controllers: true, node: false, simulatedNodes: 9 })).toContain('kwok');
  });
});
