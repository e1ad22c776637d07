import {
  BACKFILL,
  CLUSTER_WORKFLOW_TEMPLATE,
  GROUP,
  type KindDefinition,
  RUN_JOURNAL,
  SEMAPHORE,
  SIGNAL,
  VERSION,
  WORKFLOW,
  WORKFLOW_RUN,
  WORKFLOW_TEMPLATE,
} from '../api/index.ts';
import type { ResourceType } from '../runtime/index.ts';

const resourceOf = ({ kind, plural, scope }: KindDefinition): ResourceType => ({
  group: GROUP,
  version: VERSION,
  plural,
  kind,
  namespaced: scope !== 'Cluster',
});

/** Our kinds as the client addresses them. */
export const WORKFLOWS = resourceOf(WORKFLOW);
export const WORKFLOW_TEMPLATES = resourceOf(WORKFLOW_TEMPLATE);
export const CLUSTER_WORKFLOW_TEMPLATES = resourceOf(CLUSTER_WORKFLOW_TEMPLATE);
export const WORKFLOW_RUNS = resourceOf(WORKFLOW_RUN);
export const RUN_JOURNALS = resourceOf(RUN_JOURNAL);
export const BACKFILLS = resourceOf(BACKFILL);
export const SEMAPHORES = resourceOf(SEMAPHORE);
export const SIGNALS = resourceOf(SIGNAL);
