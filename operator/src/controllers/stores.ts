import {
  ANNOTATION_DIGEST,
  LABEL_RUN,
  LABEL_RUN_UID,
  LABEL_WORKFLOW,
  objectKey,
  type Workflow,
  type WorkflowRun,
} from '../api/index.ts';
import { PODS_BY_RUN_UID } from '../executors/index.ts';
import type { Pod } from '../pods/index.ts';
import { Store } from '../runtime/index.ts';
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
}

const inNamespace = (namespace: string | undefined, name: string | undefined) =>
  name ? [`${namespace ?? ''}/${name}`] : [];

export function createStores(): Stores {
  return {
    workflows: new Store<Workflow>(),
    runs: new Store<WorkflowRun>({
      indexes: { [RUNS_BY_WORKFLOW]: ({ metadata, spec }) => inNamespace(metadata.namespace, spec.workflowRef.name) },
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
  };
}

/** The definition of a digest, if its revision is in the cache and says that it is the one. */
export function findRevision(stores: Stores, namespace: string, name: string, digest: string): Revision | undefined {
  const revision = stores.revisions.get(objectKey({ namespace, name }));
  return revision?.metadata.annotations?.[ANNOTATION_DIGEST] === digest ? revision : undefined;
}
