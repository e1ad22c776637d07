import type { WorkflowRun } from '../api/index.ts';
import type { KubeObject } from '../runtime/index.ts';

/** What is thought of an object: nothing, why it is refused, or what its author should know. */
export interface Judged {
  readonly refusal?: string;
  readonly warnings?: readonly string[];
}

/** Judges what can be run, and what is to be run. */
export interface Judge {
  /** A Workflow or a template, by the plural name of its kind; `old` is what is stored. */
  definition(plural: string, object: KubeObject, old: KubeObject | null | undefined): Promise<Judged> | Judged;
  /** A run that somebody creates: its parameters. */
  run(run: WorkflowRun): Promise<Judged> | Judged;
}
