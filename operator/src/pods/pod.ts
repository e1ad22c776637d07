import { ANNOTATION_GRACE, FINALIZER_RESULT, type ObjectMeta } from '../api/index.ts';

/** The part of a Pod that Ado writes. Fields that users pass through (volumes, affinity and the like) are not typed. */
export interface Pod {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec: PodSpec;
  status?: PodStatus;
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[] | undefined;
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

/** The part of a pod's status that outcomes depend on; everything else is dropped before caching. */
export interface PodStatus {
  phase?: string;
  reason?: string;
  message?: string;
  conditions?: PodCondition[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
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

/** The container of the task. */
export const MAIN_CONTAINER = 'main';
/**
 * Our containers of a task with artifacts: one fetches them before the task starts, one stores them after it has ended.
 */
export const FETCH_CONTAINER = 'ado-fetch';
export const PUSH_CONTAINER = 'ado-push';

/** Grace period for stopping the task, seconds, if it differs from the grace period of its pod. */
export function graceOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[ANNOTATION_GRACE];
  return text === undefined ? undefined : Number(text);
}

/** Whether the finalizer keeps the pod for its result. */
export const hasResultFinalizer = ({ metadata }: Pod): boolean =>
  metadata.finalizers?.includes(FINALIZER_RESULT) === true;
