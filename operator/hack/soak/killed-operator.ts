import type { MeasuredOperator } from '../bench/operator-process.ts';

/** An operator that is killed, and is at once replaced by the same replica, as the kubelet does with a container. */
export class KilledOperator {
  readonly #start: () => Promise<MeasuredOperator>;
  #operator: MeasuredOperator;

  private constructor(start: () => Promise<MeasuredOperator>, operator: MeasuredOperator) {
    this.#start = start;
    this.#operator = operator;
  }

  static async begin(start: () => Promise<MeasuredOperator>): Promise<KilledOperator> {
    return new KilledOperator(start, await start());
  }

  async kill(): Promise<void> {
    await this.#operator.kill();
    this.#operator = await this.#start();
  }

  scrape(): Promise<string> {
    return this.#operator.scrape();
  }

  stop(): Promise<void> {
    return this.#operator.stop();
  }
}
