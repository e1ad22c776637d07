import {
  ANNOTATION_ENDED,
  ANNOTATION_FAILURE_MESSAGE,
  ANNOTATION_GRACE,
  ANNOTATION_PROOF,
  ANNOTATION_TASK,
  type FailureMessage,
  type ObjectMeta,
} from '../api/index.ts';
import { isOurs, otherContainers, otherInits } from './others.ts';
import type { ContainerStatus, Pod, PodStatus } from './pod.ts';
import { cleanStatus, withheldOf } from './words.ts';

/**
 * Drops what no outcome is read from, so that a cached pod costs a few hundred bytes and not a few thousand, and takes
 * secrets out of what it says: every pod that is looked at has come through here. What is kept is shared with the object
 * that came in, which the caller gives up.
 */
export function trimPod(pod: Pod): Pod {
  const { nodeName } = pod.spec;
  const withheld = withheldOf(pod);
  return {
    metadata: trimMetadata(pod.metadata, withheld !== undefined),
    spec: nodeName === undefined ? { containers: [] } : { containers: [], nodeName },
    status: cleanStatus(trimStatus(pod), (container) => withheldOf(pod, container)),
  };
}

/** Whether of a pod that came through `trimPod` nothing is quoted. */
export const isWithheld = ({ metadata }: Pod): boolean =>
  metadata.annotations?.[ANNOTATION_FAILURE_MESSAGE] === ('Withhold' satisfies FailureMessage);

function trimMetadata(whole: ObjectMeta & { managedFields?: unknown }, isWithheld: boolean): ObjectMeta {
  const { managedFields: _managed, annotations, ...metadata } = whole;
  const kept = [ANNOTATION_TASK, ANNOTATION_PROOF, ANNOTATION_GRACE, ANNOTATION_ENDED].flatMap((key) => {
    const value = annotations?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  // Its spec, from which it follows, is not kept.
  if (isWithheld) kept.push([ANNOTATION_FAILURE_MESSAGE, 'Withhold' satisfies FailureMessage]);
  return kept.length === 0 ? metadata : { ...metadata, annotations: Object.fromEntries(kept) };
}

function trimStatus(pod: Pod): PodStatus {
  const { phase, reason, message, conditions, containerStatuses, initContainerStatuses } = pod.status ?? {};
  const status: PodStatus = {};
  if (phase !== undefined) status.phase = phase;
  // A pod that we ended because others went on in it says nothing of the task, which had ended before.
  const isEndedByUs = reason === 'DeadlineExceeded' && pod.metadata.annotations?.[ANNOTATION_ENDED] !== undefined;
  if (reason !== undefined && !isEndedByUs) status.reason = reason;
  if (message !== undefined && !isEndedByUs) status.message = message;
  if (conditions) {
    status.conditions = conditions.filter(({ type }) => type === 'PodScheduled' || type === 'DisruptionTarget');
  }
  const containers = [...(containerStatuses ?? []).filter(isOurs), ...otherContainers(pod)];
  if (containers.length > 0) status.containerStatuses = containers.map(trimContainer);
  const inits = [...(initContainerStatuses ?? []).filter(isOurs), ...otherInits(pod)];
  if (inits.length > 0) status.initContainerStatuses = inits.map(trimContainer);
  return status;
}

const trimContainer = ({ name, state }: ContainerStatus): ContainerStatus => (state ? { name, state } : { name });
