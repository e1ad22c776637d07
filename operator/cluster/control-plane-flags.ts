/** Command lines of the control plane. Pure, so that they are tested without a process. */
import { join } from 'node:path';
import type { CertificateRequest } from './certificates.ts';
import type { Ports } from './state.ts';

export const SERVICE_CIDR = '10.96.0.0/16';
export const SERVICE_ADDRESS = '10.96.0.1';
export const DNS_ADDRESS = '10.96.0.10';
export const POD_CIDR = '10.244.0.0/16';
export const DOMAIN = 'cluster.local';

export interface ControlPlane {
  name: string;
  folder: string;
  ports: Ports;
  /** Address for clients on this machine. */
  address: string;
  /** Whether kubelets and pods reach it too; otherwise it listens on the loopback address alone. */
  node: boolean;
}

export const serverUrl = (plane: ControlPlane) => `https://${plane.address}:${plane.ports.api}`;

/** Certificates of a control plane. The API server's has the names for all clients: host, pods, services. */
export function controlPlaneCertificates(plane: ControlPlane): CertificateRequest[] {
  const services = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${DOMAIN}`];
  const local = ['127.0.0.1', 'localhost'];
  return [
    { file: 'etcd', commonName: 'etcd', names: local },
    { file: 'etcd-client', commonName: 'kube-apiserver-etcd-client' },
    { file: 'apiserver', commonName: 'kube-apiserver', names: [...services, ...local, SERVICE_ADDRESS, plane.address] },
    {
      file: 'apiserver-kubelet-client',
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
    },
    { file: 'admin', commonName: 'kubernetes-admin', organizations: ['system:masters'] },
    { file: 'controller-manager', commonName: 'system:kube-controller-manager' },
    { file: 'scheduler', commonName: 'system:kube-scheduler' },
    { file: 'kwok', commonName: 'kwok', organizations: ['system:masters'] },
  ];
}

/**
 * Metadata of every request once, after its response, for the tests of access and the benchmarks. Long requests are
 * logged when they end.
 */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

/** `--unsafe-no-fsync`: losing data in a power failure does not matter for a development cluster. */
export function etcdFlags(plane: ControlPlane): string[] {
  const pki = join(plane.folder, 'pki');
  const client = `https://127.0.0.1:${plane.ports.etcd}`;
  const peer = `https://127.0.0.1:${plane.ports.etcdPeer}`;
  const tls = (prefix: string) => [
    `--${prefix}cert-file=${join(pki, 'etcd.crt')}`,
    `--${prefix}key-file=${join(pki, 'etcd.key')}`,
    `--${prefix}trusted-ca-file=${join(pki, 'ca.crt')}`,
    `--${prefix}client-cert-auth=true`,
  ];
  return [
    '--name=ado',
    `--data-dir=${join(plane.folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=ado=${peer}`,
    ...tls(''),
    ...tls('peer-'),
    '--unsafe-no-fsync=true',
    '--quota-backend-bytes=8589934592',
    '--log-level=warn',
  ];
}

export function apiServerFlags(plane: ControlPlane): string[] {
  const pki = (file: string) => join(plane.folder, 'pki', file);
  return [
    ...(plane.node ? ['--bind-address=0.0.0.0', `--advertise-address=${plane.address}`] : loopbackFlags()),
    `--secure-port=${plane.ports.api}`,
    `--etcd-servers=https://127.0.0.1:${plane.ports.etcd}`,
    `--etcd-cafile=${pki('ca.crt')}`,
    `--etcd-certfile=${pki('etcd-client.crt')}`,
    `--etcd-keyfile=${pki('etcd-client.key')}`,
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    `--client-ca-file=${pki('ca.crt')}`,
    `--kubelet-certificate-authority=${pki('ca.crt')}`,
    `--kubelet-client-certificate=${pki('apiserver-kubelet-client.crt')}`,
    `--kubelet-client-key=${pki('apiserver-kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--service-account-issuer=https://kubernetes.default.svc.${DOMAIN}`,
    `--service-account-key-file=${pki('service-account.pub')}`,
    `--service-account-signing-key-file=${pki('service-account.key')}`,
    `--service-cluster-ip-range=${SERVICE_CIDR}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--audit-policy-file=${join(plane.folder, 'config', 'audit-policy.json')}`,
    `--audit-log-path=${join(plane.folder, 'audit.log')}`,
    '--audit-log-maxsize=2000', // MB: one file holds any measurement, and an idle cluster stays below 4 GB
    '--audit-log-maxbackup=1',
    '--profiling=false',
  ];
}

/** A loopback address cannot be an endpoint of the service `kubernetes`, so none is written. */
function loopbackFlags(): string[] {
  return ['--bind-address=127.0.0.1', '--endpoint-reconciler-type=none'];
}

/**
 * The default limits of the controller-manager and the scheduler (20–50 requests/s) would be the limit of the whole
 * plane.
 */
const CLIENT_LIMITS = ['--kube-api-qps=1000', '--kube-api-burst=2000'];

export function controllerManagerFlags(plane: ControlPlane): string[] {
  const kubeconfig = join(plane.folder, 'config', 'controller-manager.kubeconfig');
  return [
    `--kubeconfig=${kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${plane.ports.controllerManager}`,
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${join(plane.folder, 'pki', 'service-account.key')}`,
    `--root-ca-file=${join(plane.folder, 'pki', 'ca.crt')}`,
    `--cluster-signing-cert-file=${join(plane.folder, 'pki', 'ca.crt')}`,
    `--cluster-signing-key-file=${join(plane.folder, 'pki', 'ca.key')}`,
    '--concurrent-gc-syncs=20',
    ...CLIENT_LIMITS,
  ];
}

export function schedulerFlags(plane: ControlPlane): string[] {
  return [
    `--kubeconfig=${join(plane.folder, 'config', 'scheduler.kubeconfig')}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${plane.ports.scheduler}`,
    '--leader-elect=false',
    ...CLIENT_LIMITS,
  ];
}
