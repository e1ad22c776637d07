/** The programs that are built from Go modules, and their expected build times. Pure. */
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
  | 'local-path-provisioner'
  | 'versitygw'
  | 'argo-controller'
  | 'tekton-controller';

export interface BinaryPlan {
  /** Folder under `modules/`. */
  module: string;
  /** Go package to build. */
  package: string;
  /** Expected seconds of a cold build on 2 cores, in the order of `BINARIES` (the first one builds shared packages). */
  seconds: number;
  /** Packages that such a build compiles, in the same order, to estimate the remaining time. */
  packages: number;
  /** Value for the linker's -X, if the program would not know its version otherwise. */
  version?: string;
}

const KUBERNETES_VERSION = 'k8s.io/component-base/version.gitVersion=v1.34.4';
const kubernetes = (name: string, seconds: number, packages: number): BinaryPlan => ({
  module: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  seconds,
  packages,
  version: KUBERNETES_VERSION,
});

/** Other products that `npm run bench:peers` measures, as pinned in their go.mod files. */
export const PEER_VERSIONS = { argo: 'v3.7.9', tekton: 'v1.11.0' } as const;

/** In build order: the API server first, because most tests need only that. */
export const BINARIES: Readonly<Record<Binary, BinaryPlan>> = {
  'kube-apiserver': kubernetes('kube-apiserver', 170, 2000),
  etcd: { module: 'kubernetes', package: 'go.etcd.io/etcd/server/v3', seconds: 10, packages: 60 },
  kubectl: kubernetes('kubectl', 20, 180),
  'kube-controller-manager': kubernetes('kube-controller-manager', 40, 370),
  'kube-scheduler': kubernetes('kube-scheduler', 5, 30),
  kubelet: kubernetes('kubelet', 15, 90),
  'kube-proxy': kubernetes('kube-proxy', 5, 40),
  coredns: { module: 'coredns', package: '.', seconds: 50, packages: 570 },
  kwok: { module: 'kwok', package: 'sigs.k8s.io/kwok/cmd/kwok', seconds: 60, packages: 700 },
  kind: { module: 'kind', package: 'sigs.k8s.io/kind', seconds: 30, packages: 300 },
  pause: { module: 'pause', package: '.', seconds: 2, packages: 1 },
  'local-path-provisioner': {
    module: 'local-path',
    package: 'github.com/rancher/local-path-provisioner',
    seconds: 15,
    packages: 30,
  },
  versitygw: { module: 'versitygw', package: 'github.com/versity/versitygw/cmd/versitygw', seconds: 60, packages: 450 },
  'argo-controller': {
    module: 'argo',
    package: 'github.com/argoproj/argo-workflows/v3/cmd/workflow-controller',
    seconds: 200,
    packages: 1800,
    version: `github.com/argoproj/argo-workflows/v3.version=${PEER_VERSIONS.argo}`,
  },
  'tekton-controller': {
    module: 'tekton',
    package: 'github.com/tektoncd/pipeline/cmd/controller',
    seconds: 180,
    packages: 1500,
  },
};

export const CONTROL_PLANE: readonly Binary[] = ['kube-apiserver', 'etcd', 'kubectl'];

/** The programs of a cluster of this shape. */
export function binariesFor(shape: { node: boolean; simulated: boolean }): Binary[] {
  return [
    ...CONTROL_PLANE,
    'kube-controller-manager',
    'kube-scheduler',
    ...(shape.node ? (['kubelet', 'kube-proxy', 'coredns', 'pause', 'local-path-provisioner'] as const) : []),
    ...(shape.simulated ? (['kwok'] as const) : []),
  ];
}

/** Folder of a module's binaries, which depends on the sources, the Go version and the flags. */
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

/**
 * Expected ms of a build on this many cores; the linker at the end uses only one, so the time is not proportional.
 * @param pace time of this machine as a multiple of the reference
 */
export function expectedBuildMs(plan: BinaryPlan, cores: number, pace: number): number {
  return Math.round((plan.seconds * 1000 * pace * 2) / Math.min(Math.max(cores, 1), 8));
}

/** Share of the packages below which there is no estimate, because the first packages are small. */
const TELLING_SHARE = 0.05;

/** Remaining ms of a build at the pace so far; undefined while an estimate is not possible. */
export function remainingBuildMs(plan: BinaryPlan, packages: number, elapsedMs: number): number | undefined {
  const share = packages / plan.packages;
  return share < TELLING_SHARE ? undefined : elapsedMs * Math.max(0, 1 / share - 1);
}

/** Whether this answer of `go env GOVERSION` can build the modules (their go.mod files say go 1.26). */
export function newEnough(version: string): boolean {
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 26);
}
