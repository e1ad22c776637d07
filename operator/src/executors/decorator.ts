import type {
  Attempt,
  Executor,
  Hit,
  LiveAttempt,
  Observation,
  Refusal,
  RunContext,
  StartRequest,
} from './executor.ts';

/** Passes everything on to another executor: what stands before one says only what it does otherwise. */
export class ExecutorDecorator implements Executor {
  protected readonly inner: Executor;

  constructor(inner: Executor) {
    this.inner = inner;
  }

  start(run: RunContext, request: StartRequest): Promise<Refusal | Hit | undefined> {
    return this.inner.start(run, request);
  }

  observe(run: RunContext, live: readonly LiveAttempt[]): Promise<Observation> {
    return this.inner.observe(run, live);
  }

  cancel(run: RunContext, attempt: LiveAttempt, graceSeconds?: number): Promise<void> {
    return this.inner.cancel(run, attempt, graceSeconds);
  }

  release(run: RunContext, isSettled: (attempt: Attempt) => boolean, hurry?: boolean): Promise<number | undefined> {
    return this.inner.release(run, isSettled, hurry);
  }

  discard(run: RunContext): Promise<void> {
    return this.inner.discard(run);
  }
}
