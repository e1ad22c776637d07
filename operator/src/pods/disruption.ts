import { appended, endedWhen, epochOf, type Reason, WHY_NO_SUCCESS } from '../api/index.ts';
import type { Pod, PodStatus, Terminated } from './pod.ts';

/** `status.reason` of a pod that its node or the control plane ended. */
const POD_REASONS: readonly (readonly [RegExp, Reason])[] = [
  [/^Evicted$/, 'Evicted'],
  [/^(Preempting|Preempted)$/, 'Preempted'],
  [/^NodeLost$/, 'NodeLost'],
  [/^(Terminated|NodeShutdown|Shutdown)$/, 'NodeShutdown'],
  [
    /^(UnexpectedAdmissionError|TopologyAffinityError|InvalidNodeInfo|Node(Affinity|Name|Ports)|OutOf.+)$/,
    'NodeAdmission',
  ],
];

/** Reason of the condition DisruptionTarget, which is set before the pod is ended. */
const DISRUPTIONS: Readonly<Record<string, Reason>> = {
  PreemptionByScheduler: 'Preempted',
  DeletionByTaintManager: 'NodeLost',
  DeletionByPodGC: 'NodeLost',
  EvictionByEvictionAPI: 'Evicted',
  TerminationByKubelet: 'Evicted',
};

/** Maximum length of a message, characters. */
export const MAX_MESSAGE = 512;

export interface Disruption {
  readonly reason: Reason;
  readonly message: string;
  /** When the pod was told to stop, in epoch milliseconds; undefined if unknown. */
  readonly at?: number | undefined;
}

/** The cause of the end of a pod whose container never ran, or without any other cause. */
export function disruptionOfPod(pod: Pod): Disruption {
  const { status } = pod;
  const message = status?.message ?? 'the pod failed without a reason';
  return (
    saidByStatus(status) ??
    saidByCondition(status, undefined) ??
    deletion(pod, undefined) ?? { reason: status?.reason ? 'NodeAdmission' : 'NodeLost', message }
  );
}

/**
 * The disruption that ended a container, if any. Disruptions after the container ended by itself are not the cause:
 * finished pods are also drained, garbage-collected and deleted.
 */
export function disruptionOfContainer(pod: Pod, ended: Terminated): Disruption | undefined {
  const finishedAt = epochOf(ended.finishedAt);
  const told = saidByStatus(pod.status) ?? saidByCondition(pod.status, finishedAt) ?? deletion(pod, finishedAt);
  if (told || !isForgotten(ended)) return told;
  return { reason: 'NodeLost', message: ended.message ?? 'the node lost track of the container' };
}

/**
 * The order to stop a container that ended with exit code 0, unless it ended before the order. A script can exit with 0
 * on SIGTERM, and nothing else shows whether its work is complete.
 */
export function stopBeforeEnd(pod: Pod, ended: Terminated): Disruption | undefined {
  const finishedAt = epochOf(ended.finishedAt);
  const said = pod.status?.phase === 'Failed' ? saidByStatus(pod.status) : undefined;
  const told = said ?? saidByCondition(pod.status, finishedAt) ?? deletion(pod, finishedAt);
  if (!told) return undefined;
  const why = WHY_NO_SUCCESS[endedWhen(finishedAt, told.at)];
  return { ...told, message: appended(told.message, why, MAX_MESSAGE) };
}

/** Whether the node has lost the container: the kubelet invents its exit code then, even if it never ran. */
export const isForgotten = ({ reason }: Terminated): boolean => reason === 'ContainerStatusUnknown';

/**
 * The disruption in `status.reason`, which distinguishes a shutdown of the node from an eviction, unlike the condition.
 */
function saidByStatus(status: PodStatus | undefined): Disruption | undefined {
  const reason = POD_REASONS.find(([pattern]) => pattern.test(status?.reason ?? ''))?.[1];
  return reason && { reason, message: status?.message ?? `the pod was terminated: ${status?.reason}` };
}

function saidByCondition(status: PodStatus | undefined, finishedAt: number | undefined): Disruption | undefined {
  const target = status?.conditions?.find((condition) => condition.type === 'DisruptionTarget');
  const at = epochOf(target?.lastTransitionTime);
  if (target?.status !== 'True' || endedWhen(finishedAt, at) === 'Before') return undefined;
  const message = target.message ?? `the pod was disrupted: ${target.reason}`;
  return { reason: DISRUPTIONS[target.reason ?? ''] ?? 'Evicted', message, at };
}

/** A deletion of the pod. The time in its metadata is the end of the grace period, not the time of the request. */
function deletion({ metadata }: Pod, finishedAt: number | undefined): Disruption | undefined {
  const deadline = epochOf(metadata.deletionTimestamp);
  if (deadline === undefined) return undefined;
  const at = deadline - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  if (endedWhen(finishedAt, at) === 'Before') return undefined;
  return { reason: 'PodDeleted', message: 'the pod was deleted before it finished', at };
}
