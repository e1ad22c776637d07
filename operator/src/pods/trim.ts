import {
  ANNOTATION_FAILURE_MESSAGE,
  ANNOTATION_GRACE,
  ANNOTATION_PROOF,
  ANNOTATION_TASK,
  type FailureMessage,
  type ObjectMeta,
} from '../api/index.ts';
import {
  type ContainerStatus,
  FETCH_CONTAINER,
  MAIN_CONTAINER,
  type Pod,
  type PodStatus,
  PUSH_CONTAINER,
} from './pod.ts';
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
    status: cleanStatus(trimStatus(pod.status ?? {}), withheld),
  };
}

/** Whether of a pod that came through `trimPod` nothing is quoted. */
export const isWithheld = ({ metadata }: Pod): boolean =>
  metadata.annotations?.[ANNOTATION_FAILURE_MESSAGE] === ('Withhold' satisfies FailureMessage);

function trimMetadata(whole: ObjectMeta & { managedFields?: unknown }, isWithheld: boolean): ObjectMeta {
  const { managedFields: _managed, annotations, ...metadata } = whole;
  const kept = [ANNOTATION_TASK, ANNOTATION_PROOF, ANNOTATION_GRACE].flatMap((key) => {
    const value = annotations?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  // Its spec, from which it follows, is not kept.
  if (isWithheld) kept.push([ANNOTATION_FAILURE_MESSAGE, 'Withhold' satisfies FailureMessage]);
  return kept.length === 0 ? metadata : { ...metadata, annotations: Object.fromEntries(kept) };
}

function trimStatus({
  phase,
  reason,
  message,
  conditions,
  containerStatuses,
  initContainerStatuses,
}: PodStatus): PodStatus {
  const status: PodStatus = {};
  if (phase !== undefined) status.phase = phase;
  if (reason !== undefined) status.reason = reason;
  if (message !== undefined) status.message = message;
  if (conditions) {
    status.conditions = conditions.filter(({ type }) => type === 'PodScheduled' || type === 'DisruptionTarget');
  }
  const main = containerStatuses?.find(({ name }) => name === MAIN_CONTAINER);
  if (main) status.containerStatuses = [trimContainer(main)];
  const beside = initContainerStatuses?.filter(({ name }) => name === FETCH_CONTAINER || name === PUSH_CONTAINER);
  if (beside && beside.length > 0) status.initContainerStatuses = beside.map(trimContainer);
  return status;
}

const trimContainer = ({ name, state }: ContainerStatus): ContainerStatus => (state ? { name, state } : { name });
