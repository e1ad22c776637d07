import type { z } from 'zod';
import type { ObjectMeta } from '../objects/index.ts';
import type { backfill } from './backfill.ts';
import type { runJournal } from './run-journal.ts';
import type { semaphore } from './semaphore.ts';
import type { signal } from './signal.ts';
import type { workflow } from './workflow.ts';
import type { workflowRun } from './workflow-run.ts';
import type { workflowTemplate } from './workflow-template.ts';

type WithMeta<T> = Omit<T, 'metadata'> & { metadata: ObjectMeta };

export type Workflow = WithMeta<z.infer<typeof workflow>>;
export type WorkflowRun = WithMeta<z.infer<typeof workflowRun>>;
/** Also a ClusterWorkflowTemplate: that has no namespace, and all else is the same. */
export type WorkflowTemplate = WithMeta<z.infer<typeof workflowTemplate>>;
export type RunJournal = WithMeta<z.infer<typeof runJournal>>;
export type Backfill = WithMeta<z.infer<typeof backfill>>;
export type Semaphore = WithMeta<z.infer<typeof semaphore>>;
export type Signal = WithMeta<z.infer<typeof signal>>;
