import type { z } from 'zod';
import type { backfill } from './backfill.ts';
import type { runJournal } from './run-journal.ts';
import type { semaphore } from './semaphore.ts';
import type { signal } from './signal.ts';
import type { workflow } from './workflow.ts';
import type { workflowRun } from './workflow-run.ts';
import type { workflowTemplate } from './workflow-template.ts';

/** The part of metav1.ObjectMeta that Ado reads or writes. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

type WithMeta<T> = Omit<T, 'metadata'> & { metadata: ObjectMeta };

export type Workflow = WithMeta<z.infer<typeof workflow>>;
export type WorkflowRun = WithMeta<z.infer<typeof workflowRun>>;
/** Also a ClusterWorkflowTemplate: that has no namespace, and all else is the same. */
export type WorkflowTemplate = WithMeta<z.infer<typeof workflowTemplate>>;
export type RunJournal = WithMeta<z.infer<typeof runJournal>>;
export type Backfill = WithMeta<z.infer<typeof backfill>>;
export type Semaphore = WithMeta<z.infer<typeof semaphore>>;
export type Signal = WithMeta<z.infer<typeof signal>>;

/** `namespace/name`, the key of an object in stores and queues. */
export function objectKey(meta: ObjectMeta): string {
  return `${meta.namespace ?? ''}/${meta.name}`;
}

/** The owner that controls an object, if any. */
export function controllerOf(meta: ObjectMeta): OwnerReference | undefined {
  return meta.ownerReferences?.find((owner) => owner.controller === true);
}
