import type { z } from 'zod';
import { backfill } from './backfill.ts';
import { misfitsOf } from './misfit.ts';
import type { Backfill, RunJournal, Semaphore, Signal, Workflow, WorkflowRun, WorkflowTemplate } from './object.ts';
import { runJournal } from './run-journal.ts';
import { semaphore } from './semaphore.ts';
import { signal } from './signal.ts';
import { workflow } from './workflow.ts';
import { workflowRun } from './workflow-run.ts';
import { clusterWorkflowTemplate, workflowTemplate } from './workflow-template.ts';

/** An object that does not fit its schema: it was stored under an earlier one, or it is about to be held against it. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** Fields that one error tells. */
const MAX_TOLD = 5;

function decoder<T>(schema: z.ZodType): (raw: unknown) => T {
  return (raw) => {
    const parsed = schema.safeParse(raw);
    if (parsed.success) return parsed.data as T;
    const { issues } = parsed.error;
    const misfits = misfitsOf(schema, raw, issues.slice(0, MAX_TOLD));
    const told = misfits.map(({ path, message }) => `${path || 'the object'}: ${message}`);
    const rest = issues.length - told.length;
    throw new DecodeError([...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n'));
  };
}

/** Each object is decoded once, where it enters the informer. */
export const decodeWorkflow = decoder<Workflow>(workflow);
export const decodeWorkflowRun = decoder<WorkflowRun>(workflowRun);
export const decodeBackfill = decoder<Backfill>(backfill);
export const decodeSemaphore = decoder<Semaphore>(semaphore);
export const decodeSignal = decoder<Signal>(signal);
export const decodeWorkflowTemplate = decoder<WorkflowTemplate>(workflowTemplate);
export const decodeClusterWorkflowTemplate = decoder<WorkflowTemplate>(clusterWorkflowTemplate);
export const decodeRunJournal = decoder<RunJournal>(runJournal);
