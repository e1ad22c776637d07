import { ExecutorDecorator } from './decorator.ts';
import type { Executor, Hit, Refusal, RunContext, StartRequest } from './executor.ts';
import type { Ledger } from './permits/ledger.ts';

/**
 * Has attempts take their permits before they start. They are not given back here: the ledger frees them when what is
 * stored of their run says that they are over.
 */
export class PermitExecutor extends ExecutorDecorator {
  readonly #ledger: Pick<Ledger, 'ask'>;

  constructor(inner: Executor, ledger: Pick<Ledger, 'ask'>) {
    super(inner);
    this.#ledger = ledger;
  }

  override async start(run: RunContext, request: StartRequest): Promise<Refusal | Hit | undefined> {
    const permits = request.claims?.permits ?? [];
    const refusal = permits.length > 0 ? await this.#ledger.ask(run, request, permits) : undefined;
    return refusal ?? super.start(run, request);
  }
}
