/** What is built from which Go module, and how long that usually takes. Pure. */
import { createHash } from 'node:crypto';

export type Binary =
  | 'etcd'
  | 'kube-apiserver'
  | 'kubectl'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy'
  | 'coredns'
  | 'kwok'
  | 'kind'
  | 'pause'
  | 'versitygw'
  | 'argo-controller'
  | 'tekton-controller';

export interface BinaryPlan {
  /** Folder under `modules/`. */
  module: string;
  /** Go package to build. */
  package: string;
  /** Usual seconds of a cold build on 2 cores, in the order of `BINARIES` (what is shared is built by the first). */
  seconds: number;
  /** Value for the linker's -X, where the program would not know its version otherwise. */
  version?: string;
}

const KUBERNETES_VERSION = 'k8s.io/component-base/version.gitVersion=v1.34.4';
const kubernetes = (name: string, seconds: number): BinaryPlan => ({
  module: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  seconds,
  version: KUBERNETES_VERSION,
});

/** Other products that `npm run bench:peers` measures, as pinned in their go.mod files. */
export const PEER_VERSIONS = { argo: 'v3.7.9', tekton: 'v1.11.0' } as const;

/** In the order in which they are built: the API server first, because it alone is what most tests wait for. */
export const BINARIES: Readonly<Record<Binary, BinaryPlan>> = {
  'kube-apiserver': kubernetes('kube-apiserver', 170),
  etcd: { module: 'kubernetes', package: 'go.etcd.io/etcd/server/v3', seconds: 10 },
  kubectl: kubernetes('kubectl', 20),
  'kube-controller-manager': kubernetes('kube-controller-manager', 40),
  'kube-scheduler': kubernetes('kube-scheduler', 5),
  kubelet: kubernetes('kubelet', 15),
  'kube-proxy': kubernetes('kube-proxy', 5),
  coredns: { module: 'coredns', package: '.', seconds: 50 },
  kwok: { module: 'kwok', package: 'sigs.k8s.io/kwok/cmd/kwok', seconds: 60 },
  kind: { module: 'kind', package: 'sigs.k8s.io/kind', seconds: 30 },
  pause: { module: 'pause', package: '.', seconds: 2 },
  versitygw: { module: 'versitygw', package: 'github.com/versity/versitygw/cmd/versitygw', seconds: 60 },
  'argo-controller': {
    module: 'argo',
    package: 'github.com/argoproj/argo-workflows/v3/cmd/workflow-controller',
    seconds: 200,
    version: `github.com/argoproj/argo-workflows/v3.version=${PEER_VERSIONS.argo}`,
  },
  'tekton-controller': { module: 'tekton', package: 'github.com/tektoncd/pipeline/cmd/controller', seconds: 180 },
};

export const CONTROL_PLANE: readonly Binary[] = ['kube-apiserver', 'etcd', 'kubectl'];

/** The programs that a cluster of this shape runs, and no others. */
export function binariesFor(shape: { node: boolean; simulated: boolean }): Binary[] {
  return [
    ...CONTROL_PLANE,
    'kube-controller-manager',
    'kube-scheduler',
    ...(shape.node ? (['kubelet', 'kube-proxy', 'coredns', 'pause'] as const) : []),
    ...(shape.simulated ? (['kwok'] as const) : []),
  ];
}

/** Folder of a module's binaries: what was built from other sources, by another Go or with other flags is elsewhere. */
export function cacheKey(module: string, goVersion: string, sources: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of [goVersion, ...LDFLAGS, ...sources]) hash.update(part).update('\0');
  return `${module}-${hash.digest('hex').slice(0, 16)}`;
}

const LDFLAGS = ['-s', '-w'];

/** Arguments of `go` for one binary. Static, so that the programs run in any mount namespace and image. */
export function goBuildArgs(plan: BinaryPlan, output: string): string[] {
  const flags = plan.version ? [...LDFLAGS, '-X', plan.version] : LDFLAGS;
  return [
    'build',
    '-v',
    '-trimpath',
    '-buildvcs=false',
    '-mod=readonly',
    '-ldflags',
    flags.join(' '),
    '-o',
    output,
    plan.package,
  ];
}

/** Usual ms of a build on this many cores; the linker at the end uses one, so it is no straight division. */
export function expectedBuildMs(plan: BinaryPlan, cores: number): number {
  return Math.round((plan.seconds * 1000 * 2) / Math.min(Math.max(cores, 1), 8));
}

/** Whether this answer of `go env GOVERSION` can build the modules (their go.mod files say go 1.26). */
export function newEnough(version: string): boolean {
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 26);
}
