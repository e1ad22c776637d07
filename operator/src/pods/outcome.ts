import type { AttemptObservation, WaitingReason } from '../api/index.ts';
import { type Disruption, disruptionOfContainer, disruptionOfPod, saidByStatus } from './disruption.ts';
import { type ContainerState, MAIN_CONTAINER, type Pod, type PodStatus, type Terminated } from './pod.ts';
import { epochOf } from './time.ts';

type Failed = Extract<AttemptObservation, { phase: 'Failed' }>;

const WAITING: Readonly<Record<string, WaitingReason>> = {
  ImagePullBackOff: 'ImagePull',
  ErrImagePull: 'ImagePull',
  ErrImageNeverPull: 'ImagePull',
  ImageInspectError: 'ImagePull',
  InvalidImageName: 'ImagePull',
  RegistryUnavailable: 'ImagePull',
  SignatureValidationFailed: 'ImagePull',
  CreateContainerConfigError: 'ContainerConfig',
  CreateContainerError: 'ContainerConfig',
  RunContainerError: 'ContainerConfig',
};

/** What an exit code alone says, by the conventions of shells and runtimes. */
const EXIT_CODES: Readonly<Record<number, string>> = {
  126: ' (the command was found but is not executable)',
  127: ' (the command was not found; is it in the image?)',
  137: ' (killed by SIGKILL)',
  139: ' (segmentation fault)',
  143: ' (ended by SIGTERM)',
};

const MAX_MESSAGE = 512;
/**
 * How long after the end of its grace a pod may still be called running. Its node would long have killed it; a node
 * that does not say so is taken for lost. The pod may go on there, as with every pod that is deleted by force.
 */
const NODE_SILENCE_MS = 60_000;

/**
 * What the engine reads of a pod: whether its attempt waits, runs or has ended, and who is to blame.
 * `now` (epoch milliseconds) is only for a terminating pod whose node is silent; without it such a pod goes on running.
 */
export function observePod(pod: Pod, now?: number): AttemptObservation {
  const state = mainState(pod.status);
  if (state?.terminated) return ended(pod, state.terminated);
  if (pod.status?.phase === 'Failed') return failedWithoutResult(pod);
  if (pod.status?.phase === 'Succeeded') return { phase: 'Succeeded', message: '' };
  if (isOnLostNode(pod, now)) {
    return infrastructure({ reason: 'NodeLost', message: `node ${pod.spec.nodeName} no longer answers for the pod` });
  }
  if (pod.metadata.deletionTimestamp && !pod.spec.nodeName) return infrastructure(disruptionOfPod(pod));
  if (!state?.running) return waiting(pod, state);
  return { phase: 'Running', startedAt: epochOf(state.running.startedAt) ?? createdAt(pod) };
}

const mainState = (status: PodStatus | undefined): ContainerState | undefined =>
  status?.containerStatuses?.find(({ name }) => name === MAIN_CONTAINER)?.state;

const createdAt = (pod: Pod): number => epochOf(pod.metadata.creationTimestamp) ?? 0;

function isOnLostNode(pod: Pod, now: number | undefined): boolean {
  if (!pod.spec.nodeName) return false;
  if (pod.status?.phase === 'Unknown' || pod.status?.reason === 'NodeLost') return true;
  const graceEnds = epochOf(pod.metadata.deletionTimestamp);
  return graceEnds !== undefined && now !== undefined && now - graceEnds > NODE_SILENCE_MS;
}

function ended(pod: Pod, terminated: Terminated): AttemptObservation {
  const times = timesOf(terminated);
  const { exitCode } = terminated;
  if (exitCode !== 0) return { ...failed(pod, terminated), exitCode, ...times };
  // A container may answer SIGTERM with exit code 0; that the pod failed all the same says that it was cut short.
  const cutShort = pod.status?.phase === 'Failed' ? saidByStatus(pod.status) : undefined;
  if (cutShort) return { ...infrastructure(cutShort), exitCode, ...times };
  return { phase: 'Succeeded', message: terminated.message ?? '', ...times };
}

function failed(pod: Pod, terminated: Terminated): Failed {
  if (terminated.reason === 'OOMKilled') {
    const message = 'the container used more memory than its limit; raise resources.limits.memory';
    return { phase: 'Failed', cause: 'User', reason: 'OOMKilled', message };
  }
  const disruption = disruptionOfContainer(pod, terminated);
  if (disruption) return infrastructure(disruption);
  if (pod.status?.reason === 'DeadlineExceeded') return deadlineExceeded(pod);
  return { phase: 'Failed', cause: 'User', reason: 'ExitCode', message: describeExit(terminated) };
}

function describeExit({ exitCode, reason, message = '' }: Terminated): string {
  const said = message.trim().slice(-400);
  const neverStarted = reason === 'StartError' || reason === 'ContainerCannotRun';
  const what = neverStarted
    ? 'the container could not be started'
    : `the container ended with exit code ${exitCode}${EXIT_CODES[exitCode] ?? ''}`;
  return said === '' ? what : `${what}: ${said}`;
}

function failedWithoutResult(pod: Pod): Failed {
  return pod.status?.reason === 'DeadlineExceeded' ? deadlineExceeded(pod) : infrastructure(disruptionOfPod(pod));
}

/** Ado sets no activeDeadlineSeconds; a policy of the cluster may. */
function deadlineExceeded({ status }: Pod): Failed {
  const message = `${status?.message ?? 'the pod ran for too long'}; activeDeadlineSeconds was set on the pod by a policy of the cluster`;
  return { phase: 'Failed', cause: 'User', reason: 'TimedOut', message };
}

function infrastructure({ reason, message }: Disruption): Failed {
  return { phase: 'Failed', cause: 'Infrastructure', reason, message: message.slice(0, MAX_MESSAGE) };
}

function waiting(pod: Pod, state: ContainerState | undefined): AttemptObservation {
  const since = createdAt(pod);
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    const message = (scheduled.message ?? 'the pod is not scheduled yet').slice(0, MAX_MESSAGE);
    return { phase: 'Pending', reason: 'Unschedulable', message, since };
  }
  const { reason: word, message } = state?.waiting ?? {};
  const reason = WAITING[word ?? ''];
  if (!reason) return { phase: 'Pending', since };
  return { phase: 'Pending', reason, message: (message ?? word ?? '').slice(0, MAX_MESSAGE), since };
}

function timesOf(terminated: Terminated): { startedAt?: number; finishedAt?: number } {
  const startedAt = epochOf(terminated.startedAt);
  const finishedAt = epochOf(terminated.finishedAt);
  return { ...(startedAt === undefined ? {} : { startedAt }), ...(finishedAt === undefined ? {} : { finishedAt }) };
}
