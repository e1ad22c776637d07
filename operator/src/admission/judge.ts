import type { WorkflowRun } from '../api/index.ts';
import type { KubeObject } from '../runtime/index.ts';

/** The verdict on an object: a refusal with its reason, or warnings, or neither. */
export interface Judged {
  readonly refusal?: string;
  readonly warnings?: readonly string[];
}

/** Validates definitions, and the parameters of runs. */
export interface Judge {
  /** Validates a Workflow or a template, by the plural name of its kind; `old` is the stored object. */
  definition(plural: string, object: KubeObject, old: KubeObject | null | undefined): Promise<Judged> | Judged;
  /** Validates the parameters of a new run. */
  run(run: WorkflowRun): Promise<Judged> | Judged;
}
