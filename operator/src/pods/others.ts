import {
  type Container,
  type ContainerState,
  type ContainerStatus,
  FETCH_CONTAINER,
  MAIN_CONTAINER,
  type Pod,
  type PodStatus,
  PUSH_CONTAINER,
} from './pod.ts';

/**
 * Injected containers, which a webhook of the cluster adds to a pod (a mesh, an agent for secrets). They say nothing
 * about the task, but can prevent it from starting, or the pod from ending. Pure.
 */

const OURS: ReadonlySet<string> = new Set([MAIN_CONTAINER, FETCH_CONTAINER, PUSH_CONTAINER]);
/** Maximum of injected containers that are cached for a pod. */
const MAX_OTHERS = 16;

export const isOurs = ({ name }: Pick<ContainerStatus, 'name'>): boolean => OURS.has(name);

/**
 * Injected init containers that wait, run or failed. Of sidecars, which run beside the task and may fail, only waiting
 * ones.
 */
export function otherInits({ spec, status }: Pod): ContainerStatus[] {
  const sidecars = new Set((spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const others = (status?.initContainerStatuses ?? []).filter((each) => !isOurs(each));
  return others
    .filter(({ name, state }) => {
      if (sidecars.has(name)) return state?.waiting !== undefined;
      return state?.terminated ? state.terminated.exitCode !== 0 : state !== undefined;
    })
    .slice(0, MAX_OTHERS);
}

/** Injected containers that run or have not started yet; they keep the pod from ending. */
export function otherContainers({ status }: Pod): ContainerStatus[] {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return [];
  const others = (status?.containerStatuses ?? []).filter((each) => !isOurs(each) && !each.state?.terminated);
  return others.slice(0, MAX_OTHERS);
}

const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always';

/** The injected init container that failed, so that the task never starts. */
export function failedInit(pod: Pod): (ContainerStatus & { state: ContainerState }) | undefined {
  return otherInits(pod).find((each): each is ContainerStatus & { state: ContainerState } => !!each.state?.terminated);
}

/** Names of the injected containers that keep a pod although the task's own container has ended. */
export function outlivedBy(pod: Pod): string[] {
  return mainOf(pod.status)?.terminated ? otherContainers(pod).map(({ name }) => name) : [];
}

/** The name of the injected init container that runs before the task starts. */
export function runningInit(pod: Pod): string | undefined {
  return otherInits(pod).find(({ state }) => state?.running)?.name;
}

export const mainOf = (status: PodStatus | undefined): ContainerState | undefined =>
  status?.containerStatuses?.find(({ name }) => name === MAIN_CONTAINER)?.state;
