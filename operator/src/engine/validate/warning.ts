import type { TemplateBody, WorkflowSpec } from '../../api/index.ts';

/** Something that a definition can run with and that its author hardly means. It is told, and never refused. */
export interface Warning {
  /** The field, such as `spec.tasks[2].env.SUITE`. */
  readonly path: string;
  /** The value, what becomes of it, and what to write instead; one line. */
  readonly message: string;
}

/** A definition with the name of its object, as far as these are known. */
export interface Warned<Spec = WorkflowSpec | TemplateBody> {
  readonly metadata: { readonly name?: string | undefined; readonly namespace?: string | undefined };
  readonly spec: Spec;
}

/** Finds warnings of one kind, in the order of the fields. Any definition that fits the schema gets an answer. */
export type Warner<Spec = WorkflowSpec | TemplateBody> = (definition: Warned<Spec>) => readonly Warning[];
