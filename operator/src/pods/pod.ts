import { ANNOTATION_TASK, FINALIZER_RESULT, type ObjectMeta } from '../api/index.ts';

/** The part of a Pod that Ado writes. What users pass on (volumes, affinity and the like) is not looked into. */
export interface Pod {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec: PodSpec;
  status?: PodStatus;
}

export interface PodSpec {
  containers: Container[];
  restartPolicy?: string;
  nodeName?: string;
  [field: string]: unknown;
}

export interface Container {
  name: string;
  image?: string;
  command?: readonly string[] | undefined;
  args?: readonly string[] | undefined;
  env?: readonly unknown[];
  volumeMounts?: readonly unknown[];
  [field: string]: unknown;
}

/** The part of a pod's status that outcomes are read from; everything else is dropped before caching. */
export interface PodStatus {
  phase?: string;
  reason?: string;
  message?: string;
  conditions?: PodCondition[];
  containerStatuses?: ContainerStatus[];
}

export interface PodCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string | null;
}

export interface ContainerStatus {
  name: string;
  state?: ContainerState;
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: Terminated;
}

export interface Terminated {
  exitCode: number;
  signal?: number;
  reason?: string;
  message?: string;
  startedAt?: string | null;
  finishedAt?: string | null;
}

/** The one container of a task's pod. */
export const MAIN_CONTAINER = 'main';

/**
 * Drops what no outcome is read from, so that a cached pod costs a few hundred bytes and not a few thousand. What is
 * kept is shared with the object that came in, which the caller gives up.
 */
export function trimPod(pod: Pod): Pod {
  const { nodeName } = pod.spec;
  return {
    metadata: trimMetadata(pod.metadata),
    spec: nodeName === undefined ? { containers: [] } : { containers: [], nodeName },
    status: trimStatus(pod.status ?? {}),
  };
}

function trimMetadata(whole: ObjectMeta & { managedFields?: unknown }): ObjectMeta {
  const { managedFields: _managed, annotations, ...metadata } = whole;
  const path = annotations?.[ANNOTATION_TASK];
  return path === undefined ? metadata : { ...metadata, annotations: { [ANNOTATION_TASK]: path } };
}

function trimStatus({ phase, reason, message, conditions, containerStatuses }: PodStatus): PodStatus {
  const status: PodStatus = {};
  if (phase !== undefined) status.phase = phase;
  if (reason !== undefined) status.reason = reason;
  if (message !== undefined) status.message = message;
  if (conditions) {
    status.conditions = conditions.filter(({ type }) => type === 'PodScheduled' || type === 'DisruptionTarget');
  }
  const main = containerStatuses?.find(({ name }) => name === MAIN_CONTAINER);
  if (main) status.containerStatuses = [main.state ? { name: main.name, state: main.state } : { name: main.name }];
  return status;
}

/** Whether the finalizer keeps the pod for its result. */
export const isHeld = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(FINALIZER_RESULT) === true;
