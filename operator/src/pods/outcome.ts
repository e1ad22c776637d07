import { type AttemptObservation, epochOf, type WaitingReason, withHint } from '../api/index.ts';
import {
  type Disruption,
  disruptionOfContainer,
  disruptionOfPod,
  isForgotten,
  MAX_MESSAGE,
  stopBeforeEnd,
} from './disruption.ts';
import { lastWords } from './last-words.ts';
import { failedInit, mainOf, otherContainers, otherInits } from './others.ts';
import {
  type ContainerState,
  type ContainerStatus,
  FETCH_CONTAINER,
  type Pod,
  type PodStatus,
  PUSH_CONTAINER,
  type Terminated,
} from './pod.ts';
import { overStorageLimit } from './storage.ts';
import { isWithheld } from './trim.ts';

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
  CrashLoopBackOff: 'CrashLoopBackOff',
};

/** Meanings of exit codes, by the conventions of shells and runtimes. */
const EXIT_CODES: Readonly<Record<number, string>> = {
  126: ' (the command was found but is not executable)',
  127: ' (the command was not found; is it in the image?)',
  137: ' (killed by SIGKILL)',
  139: ' (segmentation fault)',
  143: ' (terminated by SIGTERM)',
};

/**
 * How long after the end of its grace period a pod counts as running. A working node would have killed it long before,
 * so a node that reports nothing counts as lost. The pod may still run there, like any pod that is deleted by force.
 */
const NODE_SILENCE_MS = 60_000;

/**
 * The observation of an attempt by its pod: whether it waits, runs or has ended, and the cause of a failure. `now`
 * (epoch milliseconds) only affects a terminating pod whose node is silent; without it, such a pod counts as running.
 */
export function observePod(pod: Pod, now?: number): AttemptObservation {
  const state = mainOf(pod.status);
  const main = state?.terminated;
  const isStoring = main?.exitCode === 0 && !hasStored(pod, main);
  if (main && !isStoring) return ended(pod, main);
  const kept = main ? undefined : keptFromStarting(pod);
  if (kept) return kept;
  if (pod.status?.phase === 'Failed') return failedWithoutResult(pod);
  if (pod.status?.phase === 'Succeeded') return succeeded(pod, { exitCode: 0 });
  if (isOnLostNode(pod, now)) {
    return infrastructure({ reason: 'NodeLost', message: `node ${pod.spec.nodeName} no longer answers for the pod` });
  }
  if (pod.metadata.deletionTimestamp && !pod.spec.nodeName) return infrastructure(disruptionOfPod(pod));
  if (main) return { phase: 'Running', startedAt: epochOf(main.startedAt) ?? createdAt(pod) };
  if (!state?.running) return waiting(pod, state);
  return { phase: 'Running', startedAt: epochOf(state.running.startedAt) ?? createdAt(pod) };
}

/** The failure that prevents the task from starting: of fetching its artifacts, or of an injected init container. */
function keptFromStarting(pod: Pod): Failed | undefined {
  const fetched = besides(pod.status, FETCH_CONTAINER)?.terminated;
  if (fetched && fetched.exitCode !== 0) return artifactFailed(pod, fetched, 'fetched');
  const init = failedInit(pod);
  return init?.state.terminated && initFailed(pod, init.name, init.state.terminated);
}

const besides = (status: PodStatus | undefined, container: string): ContainerState | undefined =>
  status?.initContainerStatuses?.find(({ name }) => name === container)?.state;

/**
 * Whether storing the outputs is complete, with or without success. The container may have ended once before the task,
 * and restarted.
 */
function hasStored(pod: Pod, main: Terminated): boolean {
  const push = pod.status?.initContainerStatuses?.find(({ name }) => name === PUSH_CONTAINER);
  if (!push || isTerminal(pod)) return true;
  const at = epochOf(push.state?.terminated?.finishedAt);
  return at !== undefined && at >= (epochOf(main.finishedAt) ?? 0);
}

const isTerminal = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

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
  if (exitCode === 0) return succeeded(pod, terminated);
  return { ...failed(pod, terminated), ...(isOwnCode(terminated) ? { exitCode } : {}), ...times };
}

/** Whether the exit code is from a process: runtime and kubelet invent one if no process ran, or none is known. */
const isOwnCode = (terminated: Terminated): boolean => !isForgotten(terminated) && !hasNotStarted(terminated);

const hasNotStarted = ({ reason }: Terminated): boolean => reason === 'StartError' || reason === 'ContainerCannotRun';

/** The outcome of exit code 0: success, unless the container was told to stop, or the outputs were not stored. */
function succeeded(pod: Pod, terminated: Terminated): AttemptObservation {
  const times = timesOf(terminated);
  const hint = terminated.reason === 'OOMKilled' ? terminated.reason : undefined;
  const stopped = endedFromOutside(pod, stopBeforeEnd(pod, terminated));
  if (stopped) return { ...withHint(stopped, hint, MAX_MESSAGE), exitCode: 0, ...times };
  const stored = storing(pod, terminated);
  if (stored?.failed) return { ...withHint(stored.failed, hint, MAX_MESSAGE), ...times };
  const finishedAt = stored?.finishedAt ?? times.finishedAt;
  return {
    phase: 'Succeeded',
    message: terminated.message ?? '',
    ...(isWithheld(pod) ? { withheld: true as const } : {}),
    ...(hint ? { hint } : {}),
    ...times,
    ...(finishedAt === undefined ? {} : { finishedAt }),
  };
}

/** The result of storing the outputs; undefined if there is nothing to store. */
function storing(pod: Pod, main: Terminated): { failed?: Failed; finishedAt?: number | undefined } | undefined {
  const container = pod.status?.initContainerStatuses?.find(({ name }) => name === PUSH_CONTAINER);
  if (!container) return undefined;
  const push = container.state?.terminated;
  const finishedAt = epochOf(push?.finishedAt);
  const isLast = finishedAt !== undefined && finishedAt >= (epochOf(main.finishedAt) ?? 0);
  if (push?.exitCode === 0 && isLast) return { finishedAt };
  if (push) return { failed: artifactFailed(pod, push, 'stored') };
  const message = 'the artifacts could not be stored: the container ado-push was not running when the task ended';
  return { failed: { phase: 'Failed', cause: 'User', reason: 'ArtifactFailed', message } };
}

function artifactFailed(pod: Pod, ended: Terminated, what: 'fetched' | 'stored'): Failed {
  const outside = endedFromOutside(pod, disruptionOfContainer(pod, ended));
  if (outside) return outside;
  const why = ended.message?.trim() || `exit code ${ended.exitCode}${EXIT_CODES[ended.exitCode] ?? ''}`;
  const message = `the artifacts could not be ${what}: ${why}`.slice(0, MAX_MESSAGE);
  return { phase: 'Failed', cause: 'User', reason: 'ArtifactFailed', message };
}

/** The failure of an injected init container. The task never ran, so the exit code is not reported as the task's. */
function initFailed(pod: Pod, name: string, ended: Terminated): Failed {
  const outside = endedFromOutside(pod, disruptionOfContainer(pod, ended));
  if (outside) return outside;
  const how =
    ended.reason === 'OOMKilled' ? 'used more memory than its limit' : `ended with exit code ${ended.exitCode}`;
  const said = lastWords(ended.message ?? '');
  const what = `the injected init container "${name}" ${how}, so the task could not start`;
  const message = (said === '' ? what : `${what}: ${said}`).slice(0, MAX_MESSAGE);
  return { phase: 'Failed', cause: 'User', reason: 'InitContainerFailed', message };
}

function failed(pod: Pod, terminated: Terminated): Failed {
  if (terminated.reason === 'OOMKilled') {
    const message = 'the container used more memory than its limit; raise resources.limits.memory';
    return { phase: 'Failed', cause: 'User', reason: 'OOMKilled', message };
  }
  const outside = endedFromOutside(pod, disruptionOfContainer(pod, terminated));
  return outside ?? { phase: 'Failed', cause: 'User', reason: 'ExitCode', message: describeExit(terminated) };
}

function describeExit(terminated: Terminated): string {
  const { exitCode, message = '' } = terminated;
  const said = lastWords(message);
  const what = hasNotStarted(terminated)
    ? 'the container could not be started'
    : `the container ended with exit code ${exitCode}${EXIT_CODES[exitCode] ?? ''}`;
  return said === '' ? what : `${what}: ${said}`;
}

function failedWithoutResult(pod: Pod): Failed {
  return endedFromOutside(pod, undefined) ?? infrastructure(disruptionOfPod(pod));
}

/**
 * The external cause of a container's end: its pod's storage limit, the infrastructure, or a deadline; undefined if
 * none.
 */
function endedFromOutside(pod: Pod, disruption: Disruption | undefined): Failed | undefined {
  const message = overStorageLimit(pod.status);
  if (message)
    return { phase: 'Failed', cause: 'User', reason: 'StorageExceeded', message: message.slice(0, MAX_MESSAGE) };
  if (disruption) return infrastructure(disruption);
  return pod.status?.reason === 'DeadlineExceeded' ? deadlineExceeded(pod) : undefined;
}

/**
 * Ado sets activeDeadlineSeconds only after a task has ended, and trim.ts drops the effect; a policy may set it
 * earlier.
 */
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
  const { reason: word, message } = waitingState(pod, state) ?? {};
  const reason = WAITING[word ?? ''];
  if (!reason) return { phase: 'Pending', since };
  return { phase: 'Pending', reason, message: (message ?? word ?? '').slice(0, MAX_MESSAGE), since };
}

/** The first container that waits and may never start: our own ones first, then injected ones. */
function waitingState(pod: Pod, main: ContainerState | undefined): ContainerState['waiting'] {
  const ours = [besides(pod.status, FETCH_CONTAINER), besides(pod.status, PUSH_CONTAINER), main];
  const own = ours.find(isStuck)?.waiting;
  if (own) return own;
  const init = otherInits(pod).find(({ state }) => isStuck(state));
  if (init) return ofOther('init container', init);
  const other = otherContainers(pod).find(({ state }) => isStuck(state));
  return other ? ofOther('container', other) : main?.waiting;
}

const isStuck = (state: ContainerState | undefined): boolean => WAITING[state?.waiting?.reason ?? ''] !== undefined;

function ofOther(what: string, { name, state }: ContainerStatus): ContainerState['waiting'] {
  const { reason = '', message = reason } = state?.waiting ?? {};
  return { reason, message: `the injected ${what} "${name}": ${message}` };
}

function timesOf(terminated: Terminated): { startedAt?: number; finishedAt?: number } {
  const startedAt = epochOf(terminated.startedAt);
  const finishedAt = epochOf(terminated.finishedAt);
  return { ...(startedAt === undefined ? {} : { startedAt }), ...(finishedAt === undefined ? {} : { finishedAt }) };
}
