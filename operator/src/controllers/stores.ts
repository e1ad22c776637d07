import {
  ANNOTATION_DIGEST,
  decodeSemaphore,
  decodeWorkflow,
  decodeWorkflowRun,
  LABEL_MANAGED_BY,
  LABEL_RUN,
  LABEL_RUN_UID,
  LABEL_WORKFLOW,
  MANAGED_BY,
  objectKey,
  type Semaphore,
  type Workflow,
  type WorkflowRun,
} from '../api/index.ts';
import { CHILDREN_BY_RUN_UID, PODS_BY_RUN_UID, parentUidOf } from '../executors/index.ts';
import { type Pod, trimPod } from '../pods/index.ts';
import { CONTROLLER_REVISIONS, PODS, Reflector, type ReflectorOptions, Store } from '../runtime/index.ts';
import { SEMAPHORES, WORKFLOW_RUNS, WORKFLOWS } from './resources.ts';
import type { Revision } from './revision.ts';

export const RUNS_BY_WORKFLOW = 'workflow';
export const PODS_BY_RUN = 'run';
export const REVISIONS_BY_WORKFLOW = 'workflow';

/** Everything that the controllers read: one store a kind, filled by its reflector. */
export interface Stores {
  readonly workflows: Store<Workflow>;
  readonly runs: Store<WorkflowRun>;
  readonly pods: Store<Pod>;
  readonly revisions: Store<Revision>;
  readonly semaphores: Store<Semaphore>;
}

export type ReflectorSettings = Pick<
  ReflectorOptions<unknown>,
  'client' | 'logger' | 'metrics' | 'clock' | 'namespaces' | 'fieldSelector' | 'relistPeriodMs' | 'inactivityMs'
>;

const inNamespace = (namespace: string | undefined, name: string | undefined) =>
  name ? [`${namespace ?? ''}/${name}`] : [];

function createStores(): Stores {
  return {
    workflows: new Store<Workflow>(),
    runs: new Store<WorkflowRun>({
      indexes: {
        [RUNS_BY_WORKFLOW]: ({ metadata, spec }) => inNamespace(metadata.namespace, spec.workflowRef.name),
        [CHILDREN_BY_RUN_UID]: parentUidOf,
      },
    }),
    pods: new Store<Pod>({
      indexes: {
        [PODS_BY_RUN_UID]: ({ metadata }) => [metadata.labels?.[LABEL_RUN_UID] ?? ''],
        [PODS_BY_RUN]: ({ metadata }) => inNamespace(metadata.namespace, metadata.labels?.[LABEL_RUN]),
      },
    }),
    revisions: new Store<Revision>({
      indexes: {
        [REVISIONS_BY_WORKFLOW]: ({ metadata }) => inNamespace(metadata.namespace, metadata.labels?.[LABEL_WORKFLOW]),
      },
    }),
    semaphores: new Store<Semaphore>(),
  };
}

/** The stores, and the reflectors that fill them. Pods and revisions are only those that carry our labels. */
export function createReflectors(settings: ReflectorSettings): {
  stores: Stores;
  reflectors: readonly Reflector<never>[];
} {
  const stores = createStores();
  const reflectors = [
    new Reflector({ ...settings, type: WORKFLOWS, decode: decodeWorkflow, store: stores.workflows }),
    new Reflector({ ...settings, type: WORKFLOW_RUNS, decode: decodeWorkflowRun, store: stores.runs }),
    new Reflector({ ...settings, type: SEMAPHORES, decode: decodeSemaphore, store: stores.semaphores }),
    new Reflector({
      ...settings,
      type: PODS,
      labelSelector: `${LABEL_MANAGED_BY}=${MANAGED_BY},${LABEL_RUN_UID}`,
      decode: (object) => trimPod(object as Pod),
      store: stores.pods,
    }),
    new Reflector({
      ...settings,
      type: CONTROLLER_REVISIONS,
      labelSelector: LABEL_WORKFLOW,
      decode: (object) => object as Revision,
      store: stores.revisions,
    }),
  ];
  return { stores, reflectors: reflectors as unknown as readonly Reflector<never>[] };
}

/** The definition of a digest, if its revision is in the cache and says that it is the one. */
export function findRevision(stores: Stores, namespace: string, name: string, digest: string): Revision | undefined {
  const revision = stores.revisions.get(objectKey({ namespace, name }));
  return revision?.metadata.annotations?.[ANNOTATION_DIGEST] === digest ? revision : undefined;
}
