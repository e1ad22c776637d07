import type { TemplateBody, WorkflowSpec } from '../api/index.ts';
import type { FindTemplate, LibraryKind } from '../engine/index.ts';
import { isTooComplex, type Problem } from '../engine/validate/index.ts';
import { JudgeThread, type JudgeThreadOptions } from './judge-thread.ts';
import { problemsOf, questionOf, type Subject } from './question.ts';

/** Work that is done in this thread: some tens of milliseconds at most, also where everything is compiled anew. */
const INLINE_WORK = 20_000;
/** Characters of JSON that are judged in this thread, templates included. */
const INLINE_CHARACTERS = 32 * 1024;

export interface Verdict {
  readonly problems: readonly Problem[];
  /** The definition is too much to judge. */
  readonly isTooComplex: boolean;
  /** There was no time to say more, and there may be later. */
  readonly isPassing: boolean;
}

export type JudgingOptions = JudgeThreadOptions;

const noTemplates: FindTemplate = () => ({ problem: '' });

/** Judges definitions within a bounded time, here or in a thread of its own. */
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

  /** What is no part of the definition that is pinned. */
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
        ? 'other large definitions are being judged; apply it again in a moment'
        : `TooComplex: judging it took longer than ${this.#limitMs} ms; apply it again, or use fewer and shorter expressions, or move parts of it into templates or child workflows`;
    return { problems: [{ path: 'spec', message }], isTooComplex: outcome === 'TooLong', isPassing: true };
  }
}

function verdictOf(problems: readonly Problem[]): Verdict {
  return { problems, isTooComplex: isTooComplex(problems), isPassing: false };
}
