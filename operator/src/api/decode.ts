import type { z } from 'zod';
import { backfill } from './backfill.ts';
import type { Backfill, RunJournal, Semaphore, Signal, Workflow, WorkflowRun, WorkflowTemplate } from './object.ts';
import { runJournal } from './run-journal.ts';
import { semaphore } from './semaphore.ts';
import { signal } from './signal.ts';
import { workflow } from './workflow.ts';
import { workflowRun } from './workflow-run.ts';
import { clusterWorkflowTemplate, workflowTemplate } from './workflow-template.ts';

/** An object that does not fit its schema: it was stored before the schema was, or the CRD on the cluster is another one. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

function decoder<T>(kind: string, schema: z.ZodType): (raw: unknown) => T {
  return (raw) => {
    const parsed = schema.safeParse(raw);
    if (parsed.success) return parsed.data as T;
    const issue = parsed.error.issues[0];
    throw new DecodeError(
      `${kind} does not fit its schema at ${issue?.path.join('.')}: ${issue?.message}; apply the CRDs of this version`,
    );
  };
}

/** Each object is decoded once, where it enters the informer. */
export const decodeWorkflow = decoder<Workflow>('Workflow', workflow);
export const decodeWorkflowRun = decoder<WorkflowRun>('WorkflowRun', workflowRun);
export const decodeBackfill = decoder<Backfill>('Backfill', backfill);
export const decodeSemaphore = decoder<Semaphore>('Semaphore', semaphore);
export const decodeSignal = decoder<Signal>('Signal', signal);
export const decodeWorkflowTemplate = decoder<WorkflowTemplate>('WorkflowTemplate', workflowTemplate);
export const decodeClusterWorkflowTemplate = decoder<WorkflowTemplate>(
  'ClusterWorkflowTemplate',
  clusterWorkflowTemplate,
);
export const decodeRunJournal = decoder<RunJournal>('RunJournal', runJournal);
