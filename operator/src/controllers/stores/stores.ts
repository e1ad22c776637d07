import {
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
} from '../../api/index.ts';
import {
  BY_REFERENCE,
  type Content,
  decodeRevision,
  decodeVersion,
  misfitOf,
  type Revision,
  type RevisionObject,
  referencesOfTemplate,
  referencesOfVersion,
  referencesOfWorkflow,
  type TemplateVersion,
  templateOf,
  VERSIONS_BY_TEMPLATE,
} from '../../definitions/index.ts';
import { CHILDREN_BY_RUN_UID, PODS_BY_RUN_UID, parentUidOf } from '../../executors/index.ts';
import { type Pod, trimPod } from '../../pods/index.ts';
import { CONTROLLER_REVISIONS, PODS, Reflector, type ReflectorOptions, Store } from '../../runtime/index.ts';
import {
  BACKFILLS,
  CLUSTER_WORKFLOW_TEMPLATES,
  SEMAPHORES,
  SIGNALS,
  WORKFLOW_RUNS,
  WORKFLOW_TEMPLATES,
  WORKFLOWS,
} from '../resources.ts';
import { BY_COMPLETION_SOURCE, completionSources } from './completion-sources.ts';
import { keptRun } from './finished-runs.ts';
import { isEnded, RUNS_BY_ROOT } from './links.ts';

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
      },
    }),
  };
}

/**
 * The stores, and the reflectors that fill them. Pods and revisions are only those that carry our labels; the versions of
 * ClusterWorkflowTemplates only those in `ownNamespace`, that of the operator.
 */
export function createReflectors(
  settings: ReflectorSettings,
  ownNamespace: string,
): {
  stores: Stores;
  reflectors: readonly Reflector<never>[];
} {
  const stores = createStores(settings.namespaces === undefined);
  const reflectors = [
    new Reflector({ ...settings, type: WORKFLOWS, decode: decodeWorkflow, store: stores.workflows }),
    new Reflector({
      ...settings,
      type: WORKFLOW_RUNS,
      decode: (object) => keptRun(decodeWorkflowRun(object)),
      store: stores.runs,
    }),
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
      decode: (object) => decodeRevision(object as RevisionObject),
      store: stores.revisions,
    }),
    ...templateReflectors(settings, stores, ownNamespace),
  ];
  return { stores, reflectors: reflectors as unknown as readonly Reflector<never>[] };
}

function templateReflectors(settings: ReflectorSettings, stores: Stores, ownNamespace: string) {
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
      decode: (object) => decodeVersion(object, ownNamespace),
      store: stores.versions,
    }),
    ...(store === undefined
      ? []
      : [new Reflector({ ...everywhere, type, decode: decodeClusterWorkflowTemplate, store })]),
  ];
}

/** A definition as it is pinned: its content was read from the revision, and its digest computed from the content. */
export interface Pinned {
  readonly revision: string;
  readonly content: Content;
}

/** Why there is no definition to execute. */
export interface Unpinned {
  readonly reason: 'RevisionMissing' | 'RevisionForged';
  readonly message: string;
}

/** What a Workflow or a run has noted of its definition, in a status that only the operator writes. */
type Noted = { readonly digest: string; readonly revision: string } | undefined;

/** The definition that a Workflow of this name pinned, if the cache holds it and it is just that. */
export function findRevision(stores: Stores, namespace: string, workflow: string, noted: Noted): Pinned | Unpinned {
  const { digest = '', revision = '' } = noted ?? {};
  const found = stores.revisions.get(objectKey({ namespace, name: revision }));
  if (!found) {
    const message = `ControllerRevision ${revision} not found; restore it, or delete the object that uses it`;
    return { reason: 'RevisionMissing', message };
  }
  const uid = stores.workflows.get(objectKey({ namespace, name: workflow }))?.metadata.uid;
  const content = found.content();
  const message = misfitOf(found, { namespace, workflow, uid, digest });
  return message !== undefined || !content
    ? { reason: 'RevisionForged', message: message ?? '' }
    : { revision, content };
}
