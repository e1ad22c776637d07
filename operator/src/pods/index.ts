/**
 * The pods of tasks: builds the Pod of an attempt, and reads the outcome of the attempt from its status. Pure.
 *
 * 1. The name of a pod belongs to one attempt of one run: it is the lock against running anything twice.
 * 2. A plain task has one container and nothing injected; results come back through the termination message.
 * 3. Pods satisfy Pod Security "restricted" and have no service account token, unless the task overrides this.
 * 4. The finalizer keeps a finished pod until its result is in the run's status.
 * 5. Only tasks with artifacts have further containers; such a task succeeds when its outputs are stored.
 * 6. Pods are cached without secrets: messages are withheld if the task reads Secrets, and redacted otherwise.
 * 7. Exit code 0 is not a success if the container was told to stop before it ended, by Ado or anybody else.
 * 8. Injected containers neither change the outcome of a task that ran nor keep its pod.
 * 9. Failures of the infrastructure never count as failures of the task; OOM kills count against `retry.limit`.
 */
export { type ArtifactStore, hasArtifacts } from './artifacts.ts';
export { labelsOfRun, ownedByRun } from './belonging.ts';
export { buildPod, type PodInput } from './build.ts';
export { childRunName, podName, shortHash, taskHash } from './name.ts';
export { outlivedBy, runningInit } from './others.ts';
export { observePod } from './outcome.ts';
export { type ContainerState, graceOf, hasResultFinalizer, MAIN_CONTAINER, type Pod, type PodStatus } from './pod.ts';
export { buildSweepPod, SWEEP_POD, sweepMessage, sweepResult } from './sweep.ts';
export { trimPod } from './trim.ts';
export { type Claim, claimsOf, unknownWorkspace } from './workspaces.ts';
