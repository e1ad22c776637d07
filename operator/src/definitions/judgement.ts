import type { ConditionWish } from '../api/index.ts';
import type { LibraryProblem } from '../engine/index.ts';
import type { Problem, Warning } from '../engine/validate/index.ts';
import type { Verdict } from '../judging/index.ts';

/** The judgement on a Workflow or template: its pinned content, or the conditions that report the refusal. */
export type Judgement =
  | { readonly definition: { readonly digest: string; readonly revision: string } }
  | { readonly refusal: readonly ConditionWish[]; readonly retry: boolean };

const MAX_PROBLEMS_SHOWN = 5;

/** The conditions of a valid object, with warnings in the message. */
export function accepted(message: string, warnings: readonly Warning[] = []): readonly ConditionWish[] {
  const told = warnings.length === 0 ? message : `${message}\n${problemText(warnings)}`;
  return [{ type: 'Ready', status: 'True', reason: 'Valid', message: told }];
}

/** The conditions of an object that must change before it is accepted. */
export function refused(reason: string, message: string): ConditionWish[] {
  return [
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Stalled', status: 'True', reason, message },
  ];
}

/** Refused for its problems; the message lists the first ones. */
export function refusedFor(reason: string, problems: readonly Problem[]): ConditionWish[] {
  return refused(reason, problemText(problems));
}

/** Refused by a verdict with problems. A refusal for lack of time is retried. */
export function refusedBy({ problems, isTooComplex, isPassing }: Verdict): Extract<Judgement, { refusal: unknown }> {
  const reason = isTooComplex ? 'TooComplex' : isPassing ? 'NotJudged' : 'InvalidSpec';
  return { refusal: refusedFor(reason, problems), retry: isPassing };
}

/** The first problems, one a line, each with its field. */
export function problemText(problems: readonly Pick<Problem, 'path' | 'message'>[]): string {
  const shown = problems.slice(0, MAX_PROBLEMS_SHOWN).map(({ path, message }) => `${path}: ${message}`);
  const more = problems.length > shown.length ? [`and ${problems.length - shown.length} more`] : [];
  return [...shown, ...more].join('\n').slice(0, 2048);
}

/** Refused for its templates. When a missing template appears, the object is validated again. */
export function refusedForTemplates(problems: readonly LibraryProblem[]): ConditionWish[] {
  const broken = problems.some(({ reason }) => reason === 'InvalidSpec');
  return refusedFor(broken ? 'InvalidSpec' : 'TemplateNotFound', problems);
}
