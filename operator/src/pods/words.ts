import { ANNOTATION_FAILURE_MESSAGE, type FailureMessage } from '../api/index.ts';
import { redact } from '../redaction/index.ts';
import { isForgotten } from './disruption.ts';
import { isOurs } from './others.ts';
import { type ContainerState, MAIN_CONTAINER, type Pod, type PodStatus } from './pod.ts';

const HIDDEN = 'the message is withheld because the task';
const HINT = "see the pod's log";
const READS_SECRETS = `${HIDDEN} reads secrets; ${HINT}, or set failureMessage: Show`;
const OTHER_READS_SECRETS = `the message is withheld because the container reads secrets; ${HINT}`;
const SAYS_SO = `${HIDDEN} has failureMessage: Withhold; ${HINT}`;

/** Waiting reasons in which the kubelet quotes the command, which contains values of variables. */
const QUOTES_COMMAND: ReadonlySet<string> = new Set(['CreateContainerError', 'RunContainerError']);

/** The text that replaces the messages of a container, if they are withheld; by default of the task's container. */
export function withheldOf(pod: Pod, container: string = MAIN_CONTAINER): string | undefined {
  const said = pod.metadata.annotations?.[ANNOTATION_FAILURE_MESSAGE];
  if (said === ('Show' satisfies FailureMessage)) return undefined;
  if (readsSecrets(pod.spec, container)) return container === MAIN_CONTAINER ? READS_SECRETS : OTHER_READS_SECRETS;
  return said === ('Withhold' satisfies FailureMessage) ? SAYS_SO : undefined;
}

/** Whether a container reads a Secret, by its environment or a mounted volume. */
function readsSecrets({ containers, initContainers = [], volumes }: Pod['spec'], container: string): boolean {
  const main = [...containers, ...initContainers].find(({ name }) => name === container);
  if (!main) return false;
  const env = listOf<{ valueFrom?: { secretKeyRef?: unknown } }>(main.env);
  if (env.some(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined)) return true;
  if (listOf<{ secretRef?: unknown }>(main.envFrom).some(({ secretRef }) => secretRef !== undefined)) return true;
  const mounted = new Set(listOf<{ name?: string }>(main.volumeMounts).map(({ name }) => name));
  return listOf<Volume>(volumes).some((volume) => mounted.has(volume.name) && holdsSecrets(volume));
}

interface Volume {
  readonly name?: string;
  readonly secret?: unknown;
  /** A volume that a driver makes for one pod: certificates, or secrets of an external store. */
  readonly csi?: unknown;
  readonly projected?: { readonly sources?: readonly { readonly secret?: unknown }[] };
}

const holdsSecrets = ({ secret, csi, projected }: Volume): boolean =>
  secret !== undefined || csi !== undefined || listOf<{ secret?: unknown }>(projected?.sources).some((it) => it.secret);

const listOf = <T>(value: unknown): readonly T[] => (Array.isArray(value) ? (value as T[]) : []);

/**
 * A status without recognizable secrets. The message of a container that ended with 0 contains its outputs, which stay
 * unchanged.
 */
export function cleanStatus(status: PodStatus, withheld: (container: string) => string | undefined): PodStatus {
  const { message, conditions, containerStatuses, initContainerStatuses } = status;
  const clean = <T extends { name: string; state?: ContainerState }>(each: T): T => {
    const isProgramOfOurs = isOurs(each) && each.name !== MAIN_CONTAINER;
    return cleanState(each, (state) => (isProgramOfOurs ? ofOurs(state) : ofTask(state, withheld(each.name))));
  };
  return {
    ...status,
    ...(message === undefined ? {} : { message: redact(message) }),
    ...(conditions ? { conditions: conditions.map((each) => ({ ...each, ...redacted(each) })) } : {}),
    ...(containerStatuses ? { containerStatuses: containerStatuses.map(clean) } : {}),
    ...(initContainerStatuses ? { initContainerStatuses: initContainerStatuses.map(clean) } : {}),
  };
}

function cleanState<T extends { state?: ContainerState }>(
  status: T,
  clean: (state: ContainerState) => ContainerState,
): T {
  return status.state ? { ...status, state: clean(status.state) } : status;
}

/** Cleans the state of the task's container, or of an injected one. */
function ofTask(state: ContainerState, withheld: string | undefined): ContainerState {
  const { waiting, terminated } = state;
  if (waiting) {
    const isHidden = withheld !== undefined && QUOTES_COMMAND.has(waiting.reason ?? '');
    return { ...state, waiting: { ...waiting, ...(isHidden ? { message: withheld } : redacted(waiting)) } };
  }
  if (!terminated || terminated.exitCode === 0) return state;
  const isHidden = withheld !== undefined && !isForgotten(terminated);
  return { ...state, terminated: { ...terminated, ...(isHidden ? { message: withheld } : redacted(terminated)) } };
}

/** Cleans the state of our own containers beside the task, which quote servers. */
function ofOurs(state: ContainerState): ContainerState {
  const { waiting, terminated } = state;
  return {
    ...state,
    ...(waiting ? { waiting: { ...waiting, ...redacted(waiting) } } : {}),
    ...(terminated ? { terminated: { ...terminated, ...redacted(terminated) } } : {}),
  };
}

const redacted = ({ message }: { message?: string | undefined }): { message?: string } =>
  message === undefined ? {} : { message: redact(message) };
