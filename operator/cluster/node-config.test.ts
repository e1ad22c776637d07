import { describe, expect, it } from 'vitest';
import { isReady } from './node.ts';
import { containerdConfig, corefile, dnsObjects, kubeletConfig, kubeletFlags, type Node } from './node-config.ts';

const node: Node = {
  cluster: 'ado',
  folder: '/state/ado',
  address: '10.213.7.2',
  cniFolder: '/usr/lib/cni',
  cgroup: 'ado-ado',
  mtu: 1400,
  snapshotter: 'overlayfs',
  upstreamDns: true,
};

describe('the settings of a node', () => {
  it('keep its pods below a cgroup of the cluster', () => {
    expect(kubeletConfig(node)).toMatchObject({
      cgroupRoot: '/ado-ado',
      cgroupDriver: 'cgroupfs',
      enforceNodeAllocatable: [],
    });
  });

  it('do not use the loopback address for the kubelet', () => {
    expect(kubeletFlags(node)).toContain('--node-ip=10.213.7.2');
  });

  it('keep containerd in the folder of the cluster, and start pods without CAP_SYS_RESOURCE', () => {
    const config = containerdConfig(node);
    expect(config).toContain('root = "/state/ado/containerd"');
    expect(config).toContain('restrict_oom_score_adj = true');
    expect(config).toContain('"io.containerd.internal.v1.opt"');
  });

  it('forward other names only if the machine has reachable name servers', () => {
    expect(corefile(node)).toContain('forward . /state/ado/config/resolv.conf');
    expect(corefile({ ...node, upstreamDns: false })).not.toContain('forward');
  });

  it('use the same address for the DNS service and in the kubelet', () => {
    const objects = Object.fromEntries(dnsObjects(node));
    expect(objects['/api/v1/namespaces/kube-system/services/kube-dns']).toMatchObject({
      spec: { clusterIP: '10.96.0.10' },
    });
    expect(kubeletConfig(node)).toMatchObject({ clusterDNS: ['10.96.0.10'] });
  });
});

describe('a node is ready', () => {
  const at = (time: string, status = 'True', taints: { key: string }[] = []) => ({
    spec: { taints },
    status: { conditions: [{ type: 'Ready', status, lastHeartbeatTime: time }] },
  });
  const since = Date.parse('2026-01-01T00:00:10Z');

  it('when its kubelet has reported it since its start', () => {
    expect(isReady(at('2026-01-01T00:00:11Z'), since)).toBe(true);
  });

  it('not by a report from before the kubelet was killed', () => {
    expect(isReady(at('2026-01-01T00:00:05Z'), since)).toBe(false);
  });

  it('not with a startup taint, but with a taint of ours', () => {
    expect(isReady(at('2026-01-01T00:00:11Z', 'True', [{ key: 'node.kubernetes.io/not-ready' }]), since)).toBe(false);
    expect(isReady(at('2026-01-01T00:00:11Z', 'True', [{ key: 'flow.ado.dev/node' }]), since)).toBe(true);
  });

  it('not before it has any condition', () => {
    expect(isReady({}, since)).toBe(false);
    expect(isReady(at('2026-01-01T00:00:11Z', 'False'), since)).toBe(false);
  });
});
