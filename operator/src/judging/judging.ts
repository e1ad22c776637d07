import type { TemplateBody, WorkflowSpec } from '../api/index.ts';
import type { FindTemplate, LibraryKind } from '../engine/index.ts';
import { isTooComplex, type Problem } from '../engine/validate/index.ts';
import { JudgeThread, type JudgeThreadOptions } from './judge-thread.ts';
import { problemsOf, questionOf, type Subject } from './question.ts';

/** Limit of work in this thread: some tens of milliseconds at most, also if everything must be compiled. */
const INLINE_WORK = 20_000;
/** Limit of JSON that is validated in this thread, including templates, in characters. */
const INLINE_CHARACTERS = 32 * 1024;

export interface Verdict {
  readonly problems: readonly Problem[];
  /** The definition is too complex to validate. */
  readonly isTooComplex: boolean;
  /** The refusal is due to a lack of time, so retrying may succeed. */
  readonly isPassing: boolean;
}

export type JudgingOptions = JudgeThreadOptions;

const noTemplates: FindTemplate = () => ({ problem: '' });

/** Validates definitions within a time limit, in this thread or another one. */
export class Judging {
  readonly #thread: JudgeThread;
  readonly #limitMs: number;

  constructor(options: JudgingOptions) {
    this.#thread = new JudgeThread(options);
    this.#limitMs = options.limitMs;
  }

  workflow(spec: WorkflowSpec, find: FindTemplate): Promise<Verdict> {
    return this.#judge({ type: 'Workflow', spec }, find);
  }

  /** Validates the fields of a Workflow outside of its pinned definition. */
  outer(spec: WorkflowSpec): Promise<Verdict> {
    return this.#judge({ type: 'Outer', spec }, noTemplates);
  }

  template(body: TemplateBody, kind: LibraryKind, find: FindTemplate): Promise<Verdict> {
    return this.#judge({ type: 'Template', body, kind }, find);
  }

  async #judge(subject: Subject, find: FindTemplate): Promise<Verdict> {
    const text = JSON.stringify(questionOf(subject, find));
    if (text.length <= INLINE_CHARACTERS) {
      const problems = problemsOf(subject, find, INLINE_WORK);
      if (!isTooComplex(problems)) return verdictOf(problems);
    }
    const outcome = await this.#thread.ask(text);
    return typeof outcome === 'string' ? this.#refusal(outcome) : verdictOf(outcome);
  }

  #refusal(outcome: 'TooLong' | 'Busy'): Verdict {
    const message =
      outcome === 'Busy'
        ? 'the operator is busy with other large definitions; apply it again in a moment'
        : `TooComplex: validation took longer than ${this.#limitMs} ms; apply it again, or use fewer and shorter expressions, or move parts of it into templates or child workflows`;
    return { problems: [{ path: 'spec', message }], isTooComplex: outcome === 'TooLong', isPassing: true };
  }
}

function verdictOf(problems: readonly Problem[]): Verdict {
  return { problems, isTooComplex: isTooComplex(problems), isPassing: false };
}
