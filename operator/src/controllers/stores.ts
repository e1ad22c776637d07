import {
  ANNOTATION_DIGEST,
  type Backfill,
  decodeBackfill,
  decodeClusterWorkflowTemplate,
  decodeSemaphore,
  decodeSignal,
  decodeWorkflow,
  decodeWorkflowRun,
  decodeWorkflowTemplate,
  LABEL_MANAGED_BY,
  LABEL_RUN,
  LABEL_RUN_UID,
  LABEL_TEMPLATE,
  LABEL_WORKFLOW,
  MANAGED_BY,
  objectKey,
  rootOf,
  type Semaphore,
  type Signal,
  type Workflow,
  type WorkflowRun,
  type WorkflowTemplate,
} from '../api/index.ts';
import { CHILDREN_BY_RUN_UID, PODS_BY_RUN_UID, parentUidOf } from '../executors/index.ts';
import { type Pod, trimPod } from '../pods/index.ts';
import { CONTROLLER_REVISIONS, PODS, Reflector, type ReflectorOptions, Store } from '../runtime/index.ts';
import { BY_COMPLETION_SOURCE, completionSources } from './completion/awaiting.ts';
import {
  BACKFILLS,
  CLUSTER_WORKFLOW_TEMPLATES,
  SEMAPHORES,
  SIGNALS,
  WORKFLOW_RUNS,
  WORKFLOW_TEMPLATES,
  WORKFLOWS,
} from './resources.ts';
import type { Revision } from './revision.ts';
import { isEnded, RUNS_BY_ROOT } from './signal/chain.ts';
import {
  BY_REFERENCE,
  referencesOfTemplate,
  referencesOfVersion,
  referencesOfWorkflow,
} from './template/references.ts';
import {
  decodeVersion,
  type TemplateVersion,
  templateOf,
  VERSIONS_BY_DIGEST,
  VERSIONS_BY_TEMPLATE,
} from './template/version.ts';

export const RUNS_BY_WORKFLOW = 'workflow';
export const BACKFILLS_BY_WORKFLOW = 'workflow';
export const PODS_BY_RUN = 'run';
/** Signals that have not come to their end, under the run that they are for. */
export const PENDING_BY_RUN = 'pending';
export const SIGNALS_BY_UID = 'uid';
export const REVISIONS_BY_WORKFLOW = 'workflow';

/** Everything that the controllers read: one store a kind, filled by its reflector. */
export interface Stores {
  readonly workflows: Store<Workflow>;
  readonly runs: Store<WorkflowRun>;
  readonly pods: Store<Pod>;
  readonly revisions: Store<Revision>;
  readonly backfills: Store<Backfill>;
  readonly semaphores: Store<Semaphore>;
  readonly signals: Store<Signal>;
  readonly templates: Store<WorkflowTemplate>;
  /** Nothing where single namespaces are served. */
  readonly clusterTemplates: Store<WorkflowTemplate> | undefined;
  /** What the templates of both kinds have been, version by version. */
  readonly versions: Store<TemplateVersion>;
}

export type ReflectorSettings = Pick<
  ReflectorOptions<unknown>,
  'client' | 'logger' | 'metrics' | 'clock' | 'namespaces' | 'fieldSelector' | 'relistPeriodMs' | 'inactivityMs'
>;

const inNamespace = (namespace: string | undefined, name: string | undefined) =>
  name ? [`${namespace ?? ''}/${name}`] : [];

/** Empty stores, with all that is found by. */
export function createStores(servesCluster: boolean): Stores {
  return {
    workflows: new Store<Workflow>({
      indexes: { [BY_REFERENCE]: referencesOfWorkflow, [BY_COMPLETION_SOURCE]: completionSources },
    }),
    runs: new Store<WorkflowRun>({
      indexes: {
        [RUNS_BY_WORKFLOW]: ({ metadata, spec }) => inNamespace(metadata.namespace, spec.workflowRef.name),
        [RUNS_BY_ROOT]: (run) => inNamespace(run.metadata.namespace, rootOf(run)),
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
    backfills: new Store<Backfill>({
      indexes: { [BACKFILLS_BY_WORKFLOW]: ({ metadata, spec }) => inNamespace(metadata.namespace, spec.workflow) },
    }),
    semaphores: new Store<Semaphore>(),
    signals: new Store<Signal>({
      indexes: {
        [PENDING_BY_RUN]: (signal) => (isEnded(signal) ? [] : inNamespace(signal.metadata.namespace, signal.spec.run)),
        [SIGNALS_BY_UID]: ({ metadata }) => [metadata.uid ?? ''],
      },
    }),
    templates: new Store<WorkflowTemplate>({
      indexes: { [BY_REFERENCE]: (template) => referencesOfTemplate(template, 'WorkflowTemplate') },
    }),
    clusterTemplates: servesCluster
      ? new Store<WorkflowTemplate>({
          indexes: { [BY_REFERENCE]: (template) => referencesOfTemplate(template, 'ClusterWorkflowTemplate') },
        })
      : undefined,
    versions: new Store<TemplateVersion>({
      indexes: {
        [BY_REFERENCE]: referencesOfVersion,
        [VERSIONS_BY_TEMPLATE]: (version) => [templateOf(version)],
        [VERSIONS_BY_DIGEST]: ({ digest }) => [digest],
      },
    }),
  };
}

/** The stores, and the reflectors that fill them. Pods and revisions are only those that carry our labels. */
export function createReflectors(settings: ReflectorSettings): {
  stores: Stores;
  reflectors: readonly Reflector<never>[];
} {
  const stores = createStores(settings.namespaces === undefined);
  const reflectors = [
    new Reflector({ ...settings, type: WORKFLOWS, decode: decodeWorkflow, store: stores.workflows }),
    new Reflector({ ...settings, type: WORKFLOW_RUNS, decode: decodeWorkflowRun, store: stores.runs }),
    new Reflector({ ...settings, type: BACKFILLS, decode: decodeBackfill, store: stores.backfills }),
    new Reflector({ ...settings, type: SEMAPHORES, decode: decodeSemaphore, store: stores.semaphores }),
    new Reflector({ ...settings, type: SIGNALS, decode: decodeSignal, store: stores.signals }),
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
    ...templateReflectors(settings, stores),
  ];
  return { stores, reflectors: reflectors as unknown as readonly Reflector<never>[] };
}

function templateReflectors(settings: ReflectorSettings, stores: Stores) {
  const { fieldSelector: _namespaces, ...everywhere } = settings;
  const type = CLUSTER_WORKFLOW_TEMPLATES;
  const store = stores.clusterTemplates;
  return [
    new Reflector({ ...settings, type: WORKFLOW_TEMPLATES, decode: decodeWorkflowTemplate, store: stores.templates }),
    new Reflector({
      ...settings,
      name: 'templateversions',
      type: CONTROLLER_REVISIONS,
      labelSelector: LABEL_TEMPLATE,
      decode: (object) => decodeVersion(object),
      store: stores.versions,
    }),
    ...(store === undefined
      ? []
      : [new Reflector({ ...everywhere, type, decode: decodeClusterWorkflowTemplate, store })]),
  ];
}

/** The definition of a digest, if its revision is in the cache and says that it is the one. */
export function findRevision(stores: Stores, namespace: string, name: string, digest: string): Revision | undefined {
  const revision = stores.revisions.get(objectKey({ namespace, name }));
  return revision?.metadata.annotations?.[ANNOTATION_DIGEST] === digest ? revision : undefined;
}
