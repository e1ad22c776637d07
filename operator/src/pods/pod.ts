import { ANNOTATION_TASK, type ObjectMeta } from '../api/index.ts';

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

/** Drops what no outcome is read from, so that a cached pod costs a few hundred bytes and not a few thousand. */
export function trimPod(pod: Pod): Pod {
  const {
    managedFields: _managed,
    annotations,
    ...metadata
  } = pod.metadata as ObjectMeta & { managedFields?: unknown };
  const path = annotations?.[ANNOTATION_TASK];
  const { phase, reason, message, conditions, containerStatuses } = pod.status ?? {};
  const main = containerStatuses?.filter((container) => container.name === MAIN_CONTAINER);
  const telling = conditions?.filter(({ type }) => type === 'PodScheduled' || type === 'DisruptionTarget');
  const trimmed = {
    metadata: { ...metadata, annotations: path === undefined ? undefined : { [ANNOTATION_TASK]: path } },
    spec: { containers: [], nodeName: pod.spec.nodeName },
    status: {
      phase,
      reason,
      message,
      conditions: telling,
      containerStatuses: main?.map(({ name, state }) => ({ name, state })),
    },
  };
  return JSON.parse(JSON.stringify(trimmed)) as Pod;
}
