/**
 * A real Kubernetes on this machine, for the demo, the tests and the benchmarks. This file is the interface of the
 * room; the room depends on Linux, Go and Debian, and on no kinds of Ado.
 *
 * 1. A cluster is one folder, one name and the processes recorded in the folder. Nothing else refers to it, and `down`
 *    removes all of it.
 * 2. A process is never signalled by its pid alone, only if it is the recorded process.
 * 3. Opening is level-based: missing and dead processes are started, running ones are left alone.
 * 4. Programs are built once from pinned modules, outside the work tree; only needed programs are built.
 * 5. Problems that a person must fix are one sentence with the remedy (ClusterError).
 */
export type { Cluster } from './cluster.ts';
export { ClusterError } from './errors.ts';
export { closeCluster, loadImages, type OpenOptions, openCluster } from './open-cluster.ts';
export { type ControlPlaneOptions, openControlPlane } from './open-control-plane.ts';
export { pace } from './pace.ts';
export { type Needed, preparationAhead, prepareMachine } from './prepare.ts';
export { duration, type ProgressSink, streamProgress } from './progress.ts';
