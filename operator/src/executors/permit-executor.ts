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
import type { Ledger } from './permits/ledger.ts';

/**
 * Has attempts take their permits before they start. They are not given back here: the ledger frees them when what is
 * stored of their run says that they are over.
 */
export class PermitExecutor implements Executor {
  readonly #inner: Executor;
  readonly #ledger: Pick<Ledger, 'ask'>;

  constructor(inner: Executor, ledger: Pick<Ledger, 'ask'>) {
    this.#inner = inner;
    this.#ledger = ledger;
  }

  async start(run: RunContext, request: StartRequest): Promise<Refusal | Hit | undefined> {
    const permits = request.claims?.permits ?? [];
    const refusal = permits.length > 0 ? await this.#ledger.ask(run, request, permits) : undefined;
    return refusal ?? this.#inner.start(run, request);
  }

  observe(run: RunContext, live: readonly LiveAttempt[]): Promise<Observation> {
    return this.#inner.observe(run, live);
  }

  cancel(run: RunContext, attempt: LiveAttempt, graceSeconds?: number): Promise<void> {
    return this.#inner.cancel(run, attempt, graceSeconds);
  }

  release(run: RunContext, isSettled: (attempt: Attempt) => boolean, hurry?: boolean): Promise<void> {
    return this.#inner.release(run, isSettled, hurry);
  }

  discard(run: RunContext): Promise<void> {
    return this.#inner.discard(run);
  }
}
