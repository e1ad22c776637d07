import type { ConditionWish } from '../api/index.ts';
import type { LibraryProblem } from '../engine/index.ts';
import type { Problem, Warning } from '../engine/validate/index.ts';
import type { Verdict } from '../judging/index.ts';

/** What a Workflow or a template is worth: its pinned content, or the conditions that say why there is none. */
export type Judgement =
  | { readonly definition: { readonly digest: string; readonly revision: string } }
  | { readonly refusal: readonly ConditionWish[]; readonly retry: boolean };

const MAX_PROBLEMS_SHOWN = 5;

/** The conditions of what is valid, with what its author should know all the same. */
export function accepted(message: string, warnings: readonly Warning[] = []): readonly ConditionWish[] {
  const told = warnings.length === 0 ? message : `${message}\n${problemText(warnings)}`;
  return [{ type: 'Ready', status: 'True', reason: 'Valid', message: told }];
}

/** The conditions of what must change before it is taken. */
export function refused(reason: string, message: string): ConditionWish[] {
  return [
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Stalled', status: 'True', reason, message },
  ];
}

/** Refused for its problems, of which the first ones are told. */
export function refusedFor(reason: string, problems: readonly Problem[]): ConditionWish[] {
  return refused(reason, problemText(problems));
}

/** Refused by a verdict that has problems. What there was no time for is judged again. */
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

/** Refused for its templates. What is only missing may come, and then all is judged again. */
export function refusedForTemplates(problems: readonly LibraryProblem[]): ConditionWish[] {
  const broken = problems.some(({ reason }) => reason === 'InvalidSpec');
  return refusedFor(broken ? 'InvalidSpec' : 'TemplateNotFound', problems);
}
