import { ENV_SWEEP_PLAN, LABEL_MANAGED_BY, MANAGED_BY, type SweepPlan } from '../api/index.ts';
import { type ArtifactStore, besideContainer, PROGRAM, storeMount, storeVolume } from './artifacts.ts';
import { DEFAULT_USER } from './build.ts';
import type { Pod } from './pod.ts';

/** The name of the pod: each namespace has at most one sweep at a time. */
export const SWEEP_POD = 'ado-artifact-sweep';
const CONTAINER = 'sweep';
const DEADLINE_SECONDS = 600;

/** The pod that deletes artifacts of deleted runs from the store. It belongs to no run. */
export function buildSweepPod(store: ArtifactStore, plan: SweepPlan, live: readonly string[]): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: SWEEP_POD, namespace: plan.namespace, labels: { [LABEL_MANAGED_BY]: MANAGED_BY } },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: DEADLINE_SECONDS,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: DEFAULT_USER,
        runAsGroup: DEFAULT_USER,
        fsGroup: DEFAULT_USER,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: CONTAINER,
          image: store.image,
          imagePullPolicy: 'IfNotPresent',
          command: [...PROGRAM, 'gc', ...live],
          env: [{ name: ENV_SWEEP_PLAN, value: JSON.stringify(plan) }],
          ...besideContainer,
          volumeMounts: [storeMount(store)],
        },
      ],
      volumes: [storeVolume(store)],
    },
  };
}

/** The termination message of a sweep: its report, or why it failed. */
export const sweepMessage = (pod: Pod): string => endOf(pod)?.message ?? '';

/** The result of an ended sweep, by its own container; injected containers may still run. */
export function sweepResult(pod: Pod): 'Succeeded' | 'Failed' | undefined {
  const { status } = pod;
  const ended = endOf(pod);
  if (ended) return ended.exitCode === 0 ? 'Succeeded' : 'Failed';
  return status?.phase === 'Succeeded' || status?.phase === 'Failed' ? status.phase : undefined;
}

const endOf = ({ status }: Pod) => status?.containerStatuses?.find(({ name }) => name === CONTAINER)?.state?.terminated;
