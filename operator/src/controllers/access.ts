import { ADMISSION_NAME } from '../api/index.ts';
import {
  type AccessRule,
  CONFIG_MAPS,
  CONTROLLER_REVISIONS,
  EVENTS,
  LEASES,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  NAMESPACES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  SECRETS,
  SELF_SUBJECT_REVIEWS,
  SERVICE_ACCOUNTS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '../runtime/index.ts';
import {
  BACKFILLS,
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
  // Before the first slot after a change of leader, the marks of schedules are read live.
  { type: WORKFLOWS, verbs: ['get', 'list', 'watch'] },
  { type: WORKFLOWS, subresource: 'status', verbs: ['patch'] },
  { type: WORKFLOW_TEMPLATES, verbs: ['list', 'watch'] },
  { type: WORKFLOW_TEMPLATES, subresource: 'status', verbs: ['patch'] },
  { type: WORKFLOW_RUNS, verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  { type: WORKFLOW_RUNS, subresource: 'status', verbs: ['patch'] },
  { type: BACKFILLS, verbs: ['get', 'list', 'watch'] },
  { type: BACKFILLS, subresource: 'status', verbs: ['patch'] },
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
  // What people are told of; and why a pod does not start, where only the kubelet's Events say so.
  { type: EVENTS, verbs: ['list', 'create', 'patch'] },
];

/** What it may ask besides in the namespaces that let it read the secrets of their webhooks. Never bound to all of them. */
export const WEBHOOK_ACCESS: readonly AccessRule[] = [{ type: SECRETS, verbs: ['get'] }];

/**
 * What it may ask besides in the namespaces that let it act as their service accounts: tasks of resource do, with the
 * rights of the account and no others. Never bound to all of them; a namespace may name the accounts.
 */
export const RESOURCE_TASK_ACCESS: readonly AccessRule[] = [
  { type: SERVICE_ACCOUNTS, subresource: 'token', verbs: ['create'] },
];

/** What it may ask of objects that are in no namespace, where it serves the whole cluster. */
export const CLUSTER_ACCESS: readonly AccessRule[] = [
  { type: CLUSTER_WORKFLOW_TEMPLATES, verbs: ['list', 'watch'] },
  { type: CLUSTER_WORKFLOW_TEMPLATES, subresource: 'status', verbs: ['patch'] },
  // The admission webhook: who we are, and where it is reached.
  { type: SELF_SUBJECT_REVIEWS, verbs: ['create'] },
  { type: MUTATING_WEBHOOK_CONFIGURATIONS, names: [ADMISSION_NAME], verbs: ['get', 'patch'] },
  { type: VALIDATING_WEBHOOK_CONFIGURATIONS, names: [ADMISSION_NAME], verbs: ['get', 'patch'] },
  // Those that carry the label of another operator: there nothing counts that the webhook has vouched for.
  { type: NAMESPACES, verbs: ['list', 'watch'] },
];

/** What it may ask in its own namespace only. */
export const OWN_NAMESPACE_ACCESS: readonly AccessRule[] = [
  { type: LEASES, verbs: ['get', 'create', 'update'] },
  // What the replicas share for the admission webhook.
  { type: SECRETS, verbs: ['create'] },
  { type: SECRETS, names: [ADMISSION_NAME], verbs: ['get', 'update'] },
];
