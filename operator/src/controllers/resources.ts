import { GROUP, type KindDefinition, RUN_JOURNAL, SEMAPHORE, VERSION, WORKFLOW, WORKFLOW_RUN } from '../api/index.ts';
import type { ResourceType } from '../runtime/index.ts';

const resourceOf = ({ kind, plural }: KindDefinition): ResourceType => ({
  group: GROUP,
  version: VERSION,
  plural,
  kind,
  namespaced: true,
});

/** Our kinds as the client addresses them. */
export const WORKFLOWS = resourceOf(WORKFLOW);
export const WORKFLOW_RUNS = resourceOf(WORKFLOW_RUN);
export const RUN_JOURNALS = resourceOf(RUN_JOURNAL);
export const SEMAPHORES = resourceOf(SEMAPHORE);
