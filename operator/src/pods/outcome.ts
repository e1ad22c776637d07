import type { AttemptObservation, Reason, WaitingReason } from '../api/index.ts';
import { type ContainerState, MAIN_CONTAINER, type Pod, type PodStatus, type Terminated } from './pod.ts';

type Failed = Extract<AttemptObservation, { phase: 'Failed' }>;

/** `status.reason` of a pod that its node or the control plane failed, and what it means. */
const POD_REASONS: readonly (readonly [RegExp, Reason])[] = [
  [/^Evicted$/, 'Evicted'],
  [/^(Preempting|Preempted)$/, 'Preempted'],
  [/^NodeLost$/, 'NodeLost'],
  [/^(Terminated|NodeShutdown|Shutdown)$/, 'NodeShutdown'],
  [
    /^(UnexpectedAdmissionError|NodeAffinity|NodeName|NodePorts|OutOf\w+|Pod\w*Admission\w*|AppArmor|TopologyAffinityError|NodeAdmission\w*)$/,
    'NodeAdmission',
  ],
];

/** Reason of the condition DisruptionTarget, set before the pod is deleted. */
const DISRUPTIONS: Readonly<Record<string, Reason>> = {
  PreemptionByScheduler: 'Preempted',
  DeletionByTaintManager: 'NodeLost',
  DeletionByPodGC: 'NodeLost',
  EvictionByEvictionAPI: 'Evicted',
  TerminationByKubelet: 'Evicted',
};

const WAITING: Readonly<Record<string, WaitingReason>> = {
  ImagePullBackOff: 'ImagePull',
  ErrImagePull: 'ImagePull',
  ErrImageNeverPull: 'ImagePull',
  InvalidImageName: 'ImagePull',
  RegistryUnavailable: 'ImagePull',
  CreateContainerConfigError: 'ContainerConfig',
  CreateContainerError: 'ContainerConfig',
  RunContainerError: 'ContainerConfig',
};

const KILLED_EXIT_CODES: ReadonlySet<number> = new Set([137, 143]);

/** What the engine reads of a pod: whether its attempt waits, runs or has ended, and who is to blame. */
export function observePod(pod: Pod): AttemptObservation {
  const state = mainState(pod.status);
  const disruption = disruptionOf(pod);
  if (state?.terminated) return ended(pod, state.terminated, disruption);
  if (pod.status?.phase === 'Failed') return infrastructure(disruption ?? podReason(pod.status), messageOf(pod.status));
  if (pod.status?.phase === 'Succeeded') return { phase: 'Succeeded', message: '' };
  if (pod.metadata.deletionTimestamp && isNeverGoingToRun(pod)) {
    return infrastructure(disruption ?? 'PodDeleted', 'the pod was deleted before it ran');
  }
  if (state?.running)
    return {
      phase: 'Running',
      startedAt: timeOf(state.running.startedAt) ?? timeOf(pod.metadata.creationTimestamp) ?? 0,
    };
  return waiting(pod, state);
}

const mainState = (status: PodStatus | undefined): ContainerState | undefined =>
  status?.containerStatuses?.find(({ name }) => name === MAIN_CONTAINER)?.state;

/** A terminating pod without a node will never have a status again. */
const isNeverGoingToRun = (pod: Pod): boolean => !pod.spec.nodeName;

function ended(pod: Pod, terminated: Terminated, disruption: Reason | undefined): AttemptObservation {
  const times = timesOf(terminated);
  if (terminated.exitCode === 0 && terminated.reason !== 'ContainerStatusUnknown') {
    return { phase: 'Succeeded', message: terminated.message ?? '', ...times };
  }
  const blame = blameOf(pod, terminated, disruption);
  return { phase: 'Failed', ...blame, exitCode: terminated.exitCode, ...times };
}

function blameOf(
  pod: Pod,
  terminated: Terminated,
  disruption: Reason | undefined,
): Pick<Failed, 'cause' | 'reason' | 'message'> {
  const { exitCode, reason, message = '' } = terminated;
  if (reason === 'OOMKilled') {
    return {
      cause: 'User',
      reason: 'OOMKilled',
      message: 'the container used more memory than its limit; raise resources.limits.memory',
    };
  }
  const byNode = reason === 'ContainerStatusUnknown' ? 'NodeLost' : undefined;
  const byPod = pod.status?.reason ? podReason(pod.status) : undefined;
  const byDelete = pod.metadata.deletionTimestamp && KILLED_EXIT_CODES.has(exitCode) ? 'PodDeleted' : undefined;
  const infrastructureReason = disruption ?? byNode ?? byPod ?? byDelete;
  if (infrastructureReason) {
    const text = messageOf(pod.status) || `the container ended with exit code ${exitCode} (${reason ?? 'killed'})`;
    return { cause: 'Infrastructure', reason: infrastructureReason, message: text };
  }
  const said = message.trim() === '' ? '' : `: ${message.trim().slice(-400)}`;
  return { cause: 'User', reason: 'ExitCode', message: `the container ended with exit code ${exitCode}${said}` };
}

function infrastructure(reason: Reason, message: string): Failed {
  return {
    phase: 'Failed',
    cause: 'Infrastructure',
    reason,
    message: message || 'the pod ended without a container status',
  };
}

function disruptionOf(pod: Pod): Reason | undefined {
  const target = pod.status?.conditions?.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  return target ? (DISRUPTIONS[target.reason ?? ''] ?? 'Evicted') : undefined;
}

function podReason(status: PodStatus): Reason {
  return POD_REASONS.find(([pattern]) => pattern.test(status.reason ?? ''))?.[1] ?? 'NodeLost';
}

const messageOf = (status: PodStatus | undefined): string => (status?.message ?? '').slice(0, 512);

function waiting(pod: Pod, state: ContainerState | undefined): AttemptObservation {
  const since = timeOf(pod.metadata.creationTimestamp) ?? 0;
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    return { phase: 'Pending', reason: 'Unschedulable', message: scheduled.message ?? '', since };
  }
  const reason = WAITING[state?.waiting?.reason ?? ''];
  if (!reason) return { phase: 'Pending', since };
  return { phase: 'Pending', reason, message: state?.waiting?.message ?? state?.waiting?.reason ?? '', since };
}

function timeOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : parseTime(text);
  return Number.isNaN(ms) ? undefined : ms;
}

const TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?Z$/;

/** Epoch milliseconds of an RFC 3339 time in UTC, which is how the API writes every time. Pure: no Date. */
function parseTime(text: string): number {
  const match = TIME.exec(text);
  if (!match) return Number.NaN;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const millis = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  return daysSinceEpoch(year, month, day) * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1000 + millis;
}

/** Days from 1970-01-01 in the Gregorian calendar, counting years from March so that leap days come last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function timesOf({ startedAt, finishedAt }: Terminated): { startedAt?: number; finishedAt?: number } {
  const started = timeOf(startedAt);
  const finished = timeOf(finishedAt);
  return {
    ...(started === undefined ? {} : { startedAt: started }),
    ...(finished === undefined ? {} : { finishedAt: finished }),
  };
}
