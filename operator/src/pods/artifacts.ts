import {
  ARTIFACT_FOLDER,
  type ArtifactPlan,
  type ArtifactPolicy,
  ENV_ARTIFACT_PLAN,
  parseDuration,
  STORE_SECRET_FOLDER,
  STORE_VOLUME_FOLDER,
  type Task,
} from '../api/index.ts';
import { type Container, FETCH_CONTAINER, PUSH_CONTAINER } from './pod.ts';

/** The artifact store, and the image of the program that transfers artifacts. */
export interface ArtifactStore {
  /** Address of the store, as configured for the operator. */
  readonly address: string;
  /** Claim of a `volume://` store in the namespace of the run. */
  readonly claim: string | undefined;
  /** Secret in the namespace of the run that holds the credentials; a volume needs none. */
  readonly secret: string | undefined;
  /** Image of our containers beside the task's own: the image of the operator. */
  readonly image: string;
  readonly maxBytes: number;
}

/** The parts of a pod for artifacts. */
export interface ArtifactParts {
  readonly initContainers: readonly Container[];
  readonly volumes: readonly unknown[];
  /** For the task's own container. */
  readonly mounts: readonly unknown[];
  /** Grace period for storing after the task has ended, seconds; undefined if nothing is stored. */
  readonly graceSeconds: number | undefined;
}

interface ArtifactInput {
  readonly store: ArtifactStore;
  readonly policy: ArtifactPolicy;
  readonly run: { readonly namespace: string; readonly uid: string };
  readonly task: Task;
  readonly path: string;
  readonly attempt: number;
  /** Workspaces of the task: artifacts may lie in them. */
  readonly workspaceMounts: readonly unknown[];
}

const FOLDER_VOLUME = 'ado-artifacts';
const STORE_VOLUME = 'ado-store';
export const PROGRAM = ['/usr/bin/node', '/app/artifacts.mjs'];
const DEFAULT_PUSH = '5m';
const MAX_PUSH_SECONDS = 3600;

export const hasArtifacts = ({ artifacts }: Task): boolean =>
  (artifacts?.inputs?.length ?? 0) + (artifacts?.outputs?.length ?? 0) > 0;

/**
 * The containers that fetch artifacts before the task starts and store them after it has ended. The second is a native
 * sidecar: the kubelet stops it after the task's own container, waits for it, and reports its exit code.
 */
export function artifactParts(input: ArtifactInput): ArtifactParts {
  const plan = planOf(input);
  const folder = { name: FOLDER_VOLUME, mountPath: ARTIFACT_FOLDER };
  const mounts = [folder, ...input.workspaceMounts, storeMount(input.store)];
  const env = [{ name: ENV_ARTIFACT_PLAN, value: JSON.stringify(plan) }];
  const common = {
    image: input.store.image,
    imagePullPolicy: 'IfNotPresent',
    env,
    ...besideContainer,
    volumeMounts: mounts,
  };
  const fetch = { name: FETCH_CONTAINER, command: [...PROGRAM, 'fetch'], ...common };
  const push = {
    name: PUSH_CONTAINER,
    command: [...PROGRAM, 'push'],
    restartPolicy: 'Always',
    // The task starts after this hook returns, because it could end before Node handles signals.
    lifecycle: { postStart: { exec: { command: [...PROGRAM, 'ready'] } } },
    ...common,
  };
  const stores = plan.outputs.length > 0;
  return {
    initContainers: [...(plan.inputs.length > 0 ? [fetch] : []), ...(stores ? [push] : [])],
    volumes: [{ name: FOLDER_VOLUME, emptyDir: {} }, storeVolume(input.store)],
    mounts: [folder],
    graceSeconds: stores ? Math.ceil(plan.pushMs / 1000) : undefined,
  };
}

function planOf({ store, policy, run, task, path, attempt }: ArtifactInput): ArtifactPlan {
  const { inputs = [], outputs = [], pushTimeout = DEFAULT_PUSH } = task.artifacts ?? {};
  const scope = scopeOf(path);
  return {
    store: store.address,
    namespace: run.namespace,
    runUid: run.uid,
    path,
    attempt,
    maxBytes: store.maxBytes,
    pushMs: Math.min(parseDuration(pushTimeout), MAX_PUSH_SECONDS * 1000),
    policy,
    inputs: inputs.map(({ name, from, path: place, optional = false }) => {
      const dot = from.indexOf('.');
      return {
        name,
        producer: scope + from.slice(0, dot),
        artifact: from.slice(dot + 1),
        path: placeOf(place ?? name),
        optional,
      };
    }),
    outputs: outputs.map(({ name, path: place, optional = false }) => ({
      name,
      path: placeOf(place ?? name),
      optional,
    })),
  };
}

/** The path of the scope of a unit, with a trailing slash: the path without its task, item and iteration. */
function scopeOf(path: string): string {
  const segments = path.split('/');
  if (/^\d+$/.test(segments.at(-1) ?? '')) segments.pop();
  segments.pop();
  return segments.length === 0 ? '' : `${segments.join('/')}/`;
}

/** The absolute path of an artifact; a relative one is in the folder of artifacts. */
export function placeOf(place: string): string {
  const whole = place.startsWith('/') ? place : `${ARTIFACT_FOLDER}/${place}`;
  return whole.replace(/\/+$/, '').replace(/\/{2,}/g, '/');
}

/** Resources and security context of our containers beside the task. */
export const besideContainer = {
  resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
};

export function storeVolume({ claim, secret }: ArtifactStore): unknown {
  if (claim !== undefined) return { name: STORE_VOLUME, persistentVolumeClaim: { claimName: claim } };
  return { name: STORE_VOLUME, secret: { secretName: secret, defaultMode: 0o440 } };
}

export function storeMount({ claim }: ArtifactStore): unknown {
  if (claim !== undefined) return { name: STORE_VOLUME, mountPath: STORE_VOLUME_FOLDER };
  return { name: STORE_VOLUME, mountPath: STORE_SECRET_FOLDER, readOnly: true };
}
