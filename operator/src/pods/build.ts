import {
  ANNOTATION_FAILURE_MESSAGE,
  ANNOTATION_GRACE,
  ANNOTATION_PROOF,
  ANNOTATION_TASK,
  type ArtifactPolicy,
  FINALIZER_RESULT,
  LABEL_ATTEMPT,
  LABEL_TASK_HASH,
  type PodSurface,
  type RenderedTask,
  type SecurityContext,
  type Task,
  type TaskDefaults,
  type Workspace,
} from '../api/index.ts';
import { type ArtifactParts, type ArtifactStore, artifactParts, hasArtifacts } from './artifacts.ts';
import { labelsOfRun, ownedByRun } from './belonging.ts';
import { containerEnv, mergeSurface } from './merge.ts';
import { podName, taskHash } from './name.ts';
import { type Container, MAIN_CONTAINER, type Pod } from './pod.ts';
import { type WorkspaceParts, workspaceParts } from './workspaces.ts';

/** The file for outputs of a task: the kubelet mounts it and returns its content as the termination message. */
const OUTPUTS_PATH = '/ado/outputs';
/** Default user and group of tasks: not root, and without any account. */
export const DEFAULT_USER = 65532;
const DEFAULT_SHELL = ['sh', '-c'];
const TMP_VOLUME = 'ado-tmp';

export interface PodInput {
  readonly run: { readonly name: string; readonly namespace: string; readonly uid: string; readonly workflow: string };
  readonly task: Task;
  readonly defaults: TaskDefaults | undefined;
  /** The path of the unit, for example `test[3]`. */
  readonly path: string;
  readonly attempt: number;
  readonly rendered: RenderedTask;
  /** Proof that the operator made the pod; a dry run has none. */
  readonly proof?: string | undefined;
  /** The workspaces that the workflow declares. */
  readonly workspaces?: readonly Workspace[] | undefined;
  /** The store of the task's artifacts, and their retention; required for a task with artifacts. */
  readonly artifacts?: { readonly store: ArtifactStore; readonly policy: ArtifactPolicy } | undefined;
}

/** The parts of the pod besides the container of the task. */
interface Extras {
  readonly workspaces: WorkspaceParts;
  readonly artifacts: ArtifactParts;
}

const NO_ARTIFACTS: ArtifactParts = { initContainers: [], volumes: [], mounts: [], graceSeconds: undefined };
/** The default of Kubernetes. */
const DEFAULT_GRACE_SECONDS = 30;

/**
 * The pod of one attempt: one container, nothing injected, Pod Security "restricted" unless the task overrides it.
 * Deterministic: the same input gives the same manifest, byte for byte.
 */
export function buildPod(input: PodInput): Pod {
  const { run, path, attempt, proof } = input;
  const surface = mergeSurface(input.defaults, input.task);
  const extras = extrasOf(input);
  const failureMessage = input.task.failureMessage ?? input.defaults?.failureMessage;
  const grace = surface.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  const metadata = {
    name: podName(run.name, run.uid, path, attempt),
    namespace: run.namespace,
    // Labels of the task come first, so that they cannot replace ours.
    labels: {
      ...surface.podMetadata?.labels,
      ...labelsOfRun(run),
      [LABEL_TASK_HASH]: taskHash(path),
      [LABEL_ATTEMPT]: String(attempt),
      ...extras.workspaces.labels,
    },
    annotations: {
      ...surface.podMetadata?.annotations,
      [ANNOTATION_TASK]: path,
      ...(proof === undefined ? {} : { [ANNOTATION_PROOF]: proof }),
      ...(extras.artifacts.graceSeconds === undefined ? {} : { [ANNOTATION_GRACE]: String(grace) }),
      ...(failureMessage === undefined ? {} : { [ANNOTATION_FAILURE_MESSAGE]: failureMessage }),
    },
    finalizers: [FINALIZER_RESULT],
    ownerReferences: [ownedByRun(run)],
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: buildSpec(input, surface, extras) };
}

function extrasOf(input: PodInput): Extras {
  const { run, task, path, attempt, artifacts } = input;
  const workspaces = workspaceParts({ run, task, workspaces: input.workspaces ?? [] });
  if (!artifacts || !hasArtifacts(task)) return { workspaces, artifacts: NO_ARTIFACTS };
  const parts = artifactParts({ ...artifacts, run, task, path, attempt, workspaceMounts: workspaces.mounts });
  return { workspaces, artifacts: parts };
}

function buildSpec(input: PodInput, surface: PodSurface, { workspaces, artifacts }: Extras): Pod['spec'] {
  const own = volumesOf(surface);
  const volumes = [...own.volumes, ...workspaces.volumes, ...artifacts.volumes];
  const mounts = [...own.mounts, ...workspaces.mounts, ...artifacts.mounts];
  const { initContainers, graceSeconds = 0 } = artifacts;
  const grace = surface.terminationGracePeriodSeconds;
  return withoutUndefined({
    restartPolicy: 'Never',
    automountServiceAccountToken: surface.automountServiceAccountToken ?? false,
    enableServiceLinks: false,
    securityContext: podSecurity(surface.securityContext),
    initContainers: initContainers.length > 0 ? [...initContainers] : undefined,
    containers: [buildContainer(input, surface, mounts)],
    volumes: volumes.length > 0 ? volumes : undefined,
    serviceAccountName: surface.serviceAccountName,
    imagePullSecrets: surface.imagePullSecrets,
    nodeSelector: surface.nodeSelector,
    affinity: avoiding(affinityOf(surface.affinity, workspaces.affinity), input.rendered.avoidNodes),
    tolerations: surface.tolerations,
    topologySpreadConstraints: surface.topologySpreadConstraints,
    runtimeClassName: surface.runtimeClassName,
    priorityClassName: surface.priorityClassName,
    terminationGracePeriodSeconds: graceSeconds > 0 ? Math.max(graceSeconds, grace ?? 0) : grace,
  });
}

/** The affinity of the task, with the terms for shared volumes. */
function affinityOf(own: PodSurface['affinity'], terms: readonly unknown[]): PodSurface['affinity'] {
  if (terms.length === 0) return own;
  const podAffinity = (own?.podAffinity ?? {}) as { requiredDuringSchedulingIgnoredDuringExecution?: unknown[] };
  const required = [...(podAffinity.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...terms];
  return { ...own, podAffinity: { ...podAffinity, requiredDuringSchedulingIgnoredDuringExecution: required } };
}

/** Affinity that prefers other nodes to these, but allows them if there is no other. */
function avoiding(own: PodSurface['affinity'], nodes: readonly string[] = []): PodSurface['affinity'] {
  if (nodes.length === 0) return own;
  const field = 'preferredDuringSchedulingIgnoredDuringExecution';
  const nodeAffinity = (own?.nodeAffinity ?? {}) as { [field]?: unknown[] };
  const away = nodes.map((node) => ({ key: 'metadata.name', operator: 'NotIn', values: [node] }));
  const preferred = [...(nodeAffinity[field] ?? []), { weight: 100, preference: { matchFields: away } }];
  return { ...own, nodeAffinity: { ...nodeAffinity, [field]: preferred } };
}

/** The root file system is read-only, so /tmp is a volume, unless the task mounts one there. */
function volumesOf({ volumes = [], volumeMounts = [] }: PodSurface): { volumes: unknown[]; mounts: unknown[] } {
  const taken = volumeMounts.some(({ mountPath }) => /^\/tmp\/*$/.test(String(mountPath)));
  if (taken) return { volumes, mounts: volumeMounts };
  return {
    volumes: [...volumes, { name: TMP_VOLUME, emptyDir: {} }],
    mounts: [...volumeMounts, { name: TMP_VOLUME, mountPath: '/tmp' }],
  };
}

/**
 * Escapes a script for the kubelet, which expands $(NAME) in commands and replaces $$ by $: a command substitution
 * could be replaced by the value of a variable of the same name. Only a $ that the kubelet would process is doubled.
 */
function literal(script: string): string {
  return script.replace(/\$(?=[$(])/g, () => '$$');
}

function buildContainer(input: PodInput, surface: PodSurface, mounts: unknown[]): Container {
  const { run, task, defaults, path, attempt, rendered } = input;
  const own = { ADO_OUTPUTS: OUTPUTS_PATH, ADO_RUN: run.name, ADO_TASK: path, ADO_ATTEMPT: String(attempt) };
  return withoutUndefined({
    name: MAIN_CONTAINER,
    image: rendered.image,
    imagePullPolicy: surface.imagePullPolicy ?? 'IfNotPresent',
    command: commandOf(input),
    args: rendered.args,
    env: containerEnv(task, defaults, rendered, own),
    envFrom: surface.envFrom,
    resources: surface.resources,
    securityContext: containerSecurity(surface.securityContext),
    terminationMessagePath: OUTPUTS_PATH,
    // If a failing container writes nothing to the file, the kubelet uses the end of its log.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: mounts,
  });
}

function commandOf({ task, defaults, rendered }: PodInput): readonly string[] | undefined {
  if (rendered.script === undefined) return rendered.command;
  return [...(task.shell ?? defaults?.shell ?? DEFAULT_SHELL), literal(rendered.script)];
}

function podSecurity(wanted: SecurityContext = {}): Record<string, unknown> {
  return withoutUndefined({
    runAsNonRoot: wanted.runAsNonRoot ?? wanted.runAsUser !== 0,
    runAsUser: wanted.runAsUser ?? DEFAULT_USER,
    runAsGroup: wanted.runAsGroup ?? DEFAULT_USER,
    fsGroup: wanted.fsGroup ?? DEFAULT_USER,
    supplementalGroups: wanted.supplementalGroups,
    seccompProfile: wanted.seccompProfile ?? { type: 'RuntimeDefault' },
  });
}

function containerSecurity(wanted: SecurityContext = {}): Record<string, unknown> {
  return withoutUndefined({
    privileged: wanted.privileged,
    allowPrivilegeEscalation: wanted.allowPrivilegeEscalation ?? wanted.privileged ?? false,
    readOnlyRootFilesystem: wanted.readOnlyRootFilesystem ?? true,
    capabilities: { drop: ['ALL'], ...wanted.capabilities },
  });
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
