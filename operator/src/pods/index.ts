/**
 * A pod is the task run: what an attempt looks like as a Pod, and what became of it. Pure.
 *
 * 1. The name of a pod belongs to one attempt of one run: it is the lock against running anything twice.
 * 2. A plain task has one container and nothing injected; results come back through the termination message.
 * 3. Pods fit Pod Security "restricted" and carry no service account token unless the task asks otherwise.
 * 4. The finalizer keeps a finished pod until its result is in the run's status.
 * 5. Only a task that declares artifacts has other containers, and it has succeeded when its outputs are stored.
 * 6. What a pod says is taken into the cache without secrets: withheld where its task reads some, redacted elsewhere.
 * 7. Exit code 0 is no success of a container that was told to stop before it ended, whoever told it.
 * 8. Containers that others put into a pod neither make an outcome of a task that ran nor keep its pod.
 * 9. What the infrastructure did is never blamed on the user; running out of memory is the user's.
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
