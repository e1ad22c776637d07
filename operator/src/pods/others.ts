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
 * Containers that Ado did not put into a pod: a webhook of the cluster did (a mesh, an agent for secrets). They say nothing
 * of what the task did, and may keep it from starting, or their pod from ending. Pure.
 */

const OURS: ReadonlySet<string> = new Set([MAIN_CONTAINER, FETCH_CONTAINER, PUSH_CONTAINER]);
/** Of how many of a pod anything is kept. */
const MAX_OTHERS = 16;

export const isOurs = ({ name }: Pick<ContainerStatus, 'name'>): boolean => OURS.has(name);

/** What matters of the other init containers: those that wait, run or failed. Sidecars run beside the task and may fail. */
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

/** The other containers that go on, or have yet to begin: the pod does not end before they do. */
export function otherContainers({ status }: Pod): ContainerStatus[] {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return [];
  const others = (status?.containerStatuses ?? []).filter((each) => !isOurs(each) && !each.state?.terminated);
  return others.slice(0, MAX_OTHERS);
}

const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always';

/** The init container that failed, so that the task never starts. */
export function failedInit(pod: Pod): (ContainerStatus & { state: ContainerState }) | undefined {
  return otherInits(pod).find((each): each is ContainerStatus & { state: ContainerState } => !!each.state?.terminated);
}

/** Names of the containers of others that keep a pod although the task's own container has ended. */
export function outlivedBy(pod: Pod): string[] {
  return mainOf(pod.status)?.terminated ? otherContainers(pod).map(({ name }) => name) : [];
}

/** The init container of others that runs while the task has not begun. */
export function runningInit(pod: Pod): string | undefined {
  return otherInits(pod).find(({ state }) => state?.running)?.name;
}

export const mainOf = (status: PodStatus | undefined): ContainerState | undefined =>
  status?.containerStatuses?.find(({ name }) => name === MAIN_CONTAINER)?.state;
