/** The daemons of a cluster of a shape, in start order. Pure. */
import type { Shape } from './state.ts';

export function expectedDaemons(shape: Shape): string[] {
  return [
    ...(shape.node ? ['namespaces'] : []),
    'etcd',
    'kube-apiserver',
    ...(shape.controllers ? ['kube-controller-manager', 'kube-scheduler'] : []),
    ...(shape.node ? ['containerd', 'kubelet', 'kube-proxy', 'coredns', 'local-path-provisioner'] : []),
    ...(shape.simulatedNodes > 0 ? ['kwok'] : []),
  ];
}
