/** The configuration of a node's programs. Pure. */
import { join } from 'node:path';
import type { CertificateRequest } from './certificates.ts';
import { DNS_ADDRESS, DOMAIN, POD_CIDR } from './control-plane-flags.ts';

export interface Node {
  /** Name of the cluster, from which the node's name derives. */
  cluster: string;
  folder: string;
  address: string;
  cniFolder: string;
  cgroup: string;
  mtu: number;
  /** overlayfs, or native if the folder itself is on an overlay. */
  snapshotter: string;
  /** Whether the machine has name servers that the cluster can reach. */
  upstreamDns: boolean;
}

export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
export const PAUSE_IMAGE = 'docker.io/local/pause:1';

export const nodeName = (cluster: string): string => `${cluster}-node`;

export function nodeCertificates(node: Node): CertificateRequest[] {
  const name = nodeName(node.cluster);
  return [
    { file: 'kubelet', commonName: `system:node:${name}`, organizations: ['system:nodes'] },
    { file: 'kubelet-server', commonName: name, names: [name, node.address] },
    { file: 'kube-proxy', commonName: 'system:kube-proxy' },
    { file: 'coredns', commonName: 'system:coredns' },
  ];
}

/**
 * `restrict_oom_score_adj`: without CAP_SYS_RESOURCE, every sandbox would fail when runc lowers its score.
 * The disabled plugins would write outside the cluster's folder or look for missing devices.
 */
export function containerdConfig(node: Node): string {
  const unused = [
    'io.containerd.internal.v1.opt',
    ...['aufs', 'btrfs', 'devmapper', 'zfs'].map((n) => `io.containerd.snapshotter.v1.${n}`),
  ];
  return `version = 2
root = "${join(node.folder, 'containerd')}"
state = "/run/containerd"
disabled_plugins = ${JSON.stringify(unused)}
[grpc]
  address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${node.cniFolder}"
    conf_dir = "${join(node.folder, 'config', 'cni')}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${node.snapshotter}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}

export function cniConfig(node: Node): unknown {
  return {
    cniVersion: '0.4.0',
    name: 'ado',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        // One rule for all pods (podRules) replaces this: the plugin would call iptables several times for each pod.
        ipMasq: false,
        hairpinMode: true,
        mtu: node.mtu,
        ipam: { type: 'host-local', ranges: [[{ subnet: POD_CIDR }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
    ],
  };
}

/** Eviction only near a full disk, because a developer's disk is often fuller than a server's. */
export function kubeletConfig(node: Node): unknown {
  const pki = (file: string) => join(node.folder, 'pki', file);
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pki('kubelet-server.crt'),
    tlsPrivateKeyFile: pki('kubelet-server.key'),
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${node.cgroup}`,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    clusterDNS: [DNS_ADDRESS],
    clusterDomain: DOMAIN,
    resolvConf: join(node.folder, 'config', 'resolv.conf'),
    maxPods: 250,
    registryPullQPS: 0,
    serializeImagePulls: false,
    eventRecordQPS: 0,
    kubeAPIQPS: 500,
    kubeAPIBurst: 1000,
    makeIPTablesUtilChains: false,
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'nodefs.inodesFree': '1%',
      'imagefs.available': '1%',
    },
  };
}

export function kubeletFlags(node: Node): string[] {
  return [
    `--config=${join(node.folder, 'config', 'kubelet.json')}`,
    `--kubeconfig=${join(node.folder, 'config', 'kubelet.kubeconfig')}`,
    `--hostname-override=${nodeName(node.cluster)}`,
    `--node-ip=${node.address}`,
  ];
}

export function kubeProxyConfig(node: Node): unknown {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clientConnection: { kubeconfig: join(node.folder, 'config', 'kube-proxy.kubeconfig') },
    clusterCIDR: POD_CIDR,
    hostnameOverride: nodeName(node.cluster),
    conntrack: { maxPerCore: 0, min: 0 },
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
  };
}

export function corefile(node: Node): string {
  const upstream = node.upstreamDns ? `  forward . ${join(node.folder, 'config', 'resolv.conf')}\n` : '';
  return `.:53 {
  bind ${node.address}
  errors
  ready 127.0.0.1:8181
  kubernetes ${DOMAIN} in-addr.arpa ip6.arpa {
    kubeconfig ${join(node.folder, 'config', 'coredns.kubeconfig')}
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
    ttl 30
  }
${upstream}  cache 30
  loadbalance
}
`;
}

/** The service of the DNS server, which runs beside the kubelet and not in a pod. Path → object. */
export function dnsObjects(node: Node): [path: string, object: unknown][] {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  const read = (group: string, resources: string[]) => ({ apiGroups: [group], resources, verbs: ['list', 'watch'] });
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'system:coredns' } };
  const subject = { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:coredns' };
  const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' };
  const rules = [read('', ['services', 'pods', 'namespaces']), read('discovery.k8s.io', ['endpointslices'])];
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kube-dns', namespace: 'kube-system', labels: { 'kubernetes.io/service-name': 'kube-dns' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [node.address], conditions: { ready: true } }],
    ports,
  };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kube-dns', namespace: 'kube-system', labels: { 'kubernetes.io/name': 'CoreDNS' } },
    spec: { clusterIP: DNS_ADDRESS, ports },
  };
  return [
    ['/apis/rbac.authorization.k8s.io/v1/clusterroles/system:coredns', { ...rbac, kind: 'ClusterRole', rules }],
    [
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system:coredns',
      { ...rbac, kind: 'ClusterRoleBinding', subjects: [subject], roleRef: role },
    ],
    ['/api/v1/namespaces/kube-system/services/kube-dns', service],
    ['/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices/kube-dns', slice],
  ];
}
