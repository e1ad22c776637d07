/**
 * A real Kubernetes on the machine at hand, for the demo, the tests and the benchmarks. This file is the room's door;
 * what is behind it knows Linux, Go and Debian, and no kind of Ado's.
 *
 * 1. A cluster is one folder, one name and the processes written in it: nothing else refers to it, and `down` leaves
 *    none of it.
 * 2. A process is never signalled on its pid alone, only when it is the very process that was started.
 * 3. Opening is level-based: what is missing is started, what runs is left alone, what died is started again.
 * 4. Programs are built from pinned modules, once, outside the work tree; what is not needed is not built.
 * 5. What a person must do is said in one sentence with the remedy (ClusterError).
 */
export type { Cluster } from './cluster.ts';
export { ClusterError } from './errors.ts';
export { closeCluster, loadImages, type OpenOptions, openCluster } from './open-cluster.ts';
export { type ControlPlaneOptions, openControlPlane } from './open-control-plane.ts';
export { pace } from './pace.ts';
export { type Needed, preparationAhead, prepareMachine } from './prepare.ts';
export { duration, type ProgressSink, streamProgress } from './progress.ts';
