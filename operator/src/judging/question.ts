import type { TemplateBody, WorkflowSpec } from '../api/index.ts';
import { type FindTemplate, type LibraryKind, walkLibrary } from '../engine/index.ts';
import { type Problem, validateOuter, validateTemplate, validateWorkflow } from '../engine/validate/index.ts';

/** The subject of a validation. */
export type Subject =
  | { readonly type: 'Workflow'; readonly spec: WorkflowSpec }
  | { readonly type: 'Outer'; readonly spec: WorkflowSpec }
  | { readonly type: 'Template'; readonly body: TemplateBody; readonly kind: LibraryKind };

/** A subject with all templates that it uses, directly or not, as a message to another thread. */
export interface Question {
  readonly subject: Subject;
  readonly found: readonly (readonly [key: string, answer: ReturnType<FindTemplate>])[];
}

/** The problems of a subject. */
export function problemsOf(subject: Subject, find: FindTemplate, work?: number): readonly Problem[] {
  if (subject.type === 'Outer') return validateOuter(subject.spec, work);
  if (subject.type === 'Template') return validateTemplate(subject.body, subject.kind, find, work);
  return validateWorkflow(subject.spec, find, work);
}

/** Looks up the templates that validating the subject needs, by the same walk. */
export function questionOf(subject: Subject, find: FindTemplate): Question {
  const found = new Map<string, ReturnType<FindTemplate>>();
  const recording: FindTemplate = (kind, name, version) => {
    const answer = find(kind, name, version);
    found.set(keyOf(kind, name, version), answer);
    return answer;
  };
  if (subject.type === 'Workflow') walkLibrary(subject.spec, recording);
  if (subject.type === 'Template') walkLibrary(subject.body, recording, subject.kind);
  return { subject, found: [...found] };
}

/** Validates the subject of a question from another thread. */
export function answerTo({ subject, found }: Question): readonly Problem[] {
  const known = new Map(found);
  const missing = { problem: 'this template was not looked up' };
  return problemsOf(subject, (kind, name, version) => known.get(keyOf(kind, name, version)) ?? missing);
}

const keyOf = (kind: LibraryKind, name: string, version: string | undefined) => JSON.stringify([kind, name, version]);
