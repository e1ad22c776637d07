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
 * Drops the fields that outcomes do not depend on, so that a cached pod takes a few hundred bytes instead of a few
 * thousand, and removes secrets from its messages. Every observed pod passes through here. The result shares parts with
 * the argument, which the caller must not use afterwards.
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

/** Whether messages of a trimmed pod are withheld. */
export const isWithheld = ({ metadata }: Pod): boolean =>
  metadata.annotations?.[ANNOTATION_FAILURE_MESSAGE] === ('Withhold' satisfies FailureMessage);

function trimMetadata(whole: ObjectMeta & { managedFields?: unknown }, isWithheld: boolean): ObjectMeta {
  const { managedFields: _managed, annotations, ...metadata } = whole;
  const kept = [ANNOTATION_TASK, ANNOTATION_PROOF, ANNOTATION_GRACE, ANNOTATION_ENDED].flatMap((key) => {
    const value = annotations?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  // It derives from the spec, which is dropped.
  if (isWithheld) kept.push([ANNOTATION_FAILURE_MESSAGE, 'Withhold' satisfies FailureMessage]);
  return kept.length === 0 ? metadata : { ...metadata, annotations: Object.fromEntries(kept) };
}

function trimStatus(pod: Pod): PodStatus {
  const { phase, reason, message, conditions, containerStatuses, initContainerStatuses } = pod.status ?? {};
  const status: PodStatus = {};
  if (phase !== undefined) status.phase = phase;
  // The reason of a pod that Ado ended because of injected containers says nothing about the task, which had ended
  // before.
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
