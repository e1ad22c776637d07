import {
  type AccessRule,
  CONFIG_MAPS,
  CONTROLLER_REVISIONS,
  EVENTS,
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../runtime/index.ts';
import {
  CLUSTER_WORKFLOW_TEMPLATES,
  RUN_JOURNALS,
  SEMAPHORES,
  SIGNALS,
  WORKFLOW_RUNS,
  WORKFLOW_TEMPLATES,
  WORKFLOWS,
} from './resources.ts';

/**
 * Everything that the operator may ask of the API server in the namespaces it serves. The client refuses a call that
 * has no row here, and config/rbac is generated from it, so neither can say more or less than the other.
 */
export const NAMESPACED_ACCESS: readonly AccessRule[] = [
  { type: WORKFLOWS, verbs: ['list', 'watch'] },
  { type: WORKFLOWS, subresource: 'status', verbs: ['patch'] },
  { type: WORKFLOW_TEMPLATES, verbs: ['list', 'watch'] },
  { type: WORKFLOW_TEMPLATES, subresource: 'status', verbs: ['patch'] },
  { type: WORKFLOW_RUNS, verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  { type: WORKFLOW_RUNS, subresource: 'status', verbs: ['patch'] },
  { type: RUN_JOURNALS, verbs: ['get', 'create'] },
  { type: SEMAPHORES, verbs: ['get', 'list', 'watch'] },
  { type: SEMAPHORES, subresource: 'status', verbs: ['patch'] },
  // By which tasks ask people, and what is sent to runs.
  { type: SIGNALS, verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  { type: SIGNALS, subresource: 'status', verbs: ['patch'] },
  // Cached results of tasks, and defaults of parameters: read one by one, never watched.
  { type: CONFIG_MAPS, verbs: ['get', 'list', 'create', 'update', 'delete'] },
  { type: CONTROLLER_REVISIONS, verbs: ['get', 'list', 'watch', 'create', 'delete'] },
  { type: PODS, verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  // Logs that are to outlive their pods.
  { type: PODS, subresource: 'log', verbs: ['get'] },
  // Workspaces of runs; they go with their run.
  { type: PERSISTENT_VOLUME_CLAIMS, verbs: ['get', 'create'] },
  { type: EVENTS, verbs: ['create', 'patch'] },
  // Tasks of resource act as the service account of their workflow, and with nothing but its rights.
  { type: SERVICE_ACCOUNTS, subresource: 'token', verbs: ['create'] },
];

/** What it may ask besides in the namespaces that let it read the secrets of their webhooks. Never bound to all of them. */
export const WEBHOOK_ACCESS: readonly AccessRule[] = [{ type: SECRETS, verbs: ['get'] }];

/** What it may ask of objects that are in no namespace, where it serves the whole cluster. */
export const CLUSTER_ACCESS: readonly AccessRule[] = [
  { type: CLUSTER_WORKFLOW_TEMPLATES, verbs: ['list', 'watch'] },
  { type: CLUSTER_WORKFLOW_TEMPLATES, subresource: 'status', verbs: ['patch'] },
];

/** What it may ask in its own namespace only. */
export const OWN_NAMESPACE_ACCESS: readonly AccessRule[] = [{ type: LEASES, verbs: ['get', 'create', 'update'] }];
