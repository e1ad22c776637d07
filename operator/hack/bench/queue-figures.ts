/** The cost of many queued runs under one concurrency key. Pure. */
import { type Cost, ratioOf } from './cost.ts';

/** As many runs twice: in several short queues one after the other, and in one long queue. */
export interface QueueFigures {
  readonly runs: number;
  /** Runs in each of the short queues. */
  readonly short: number;
  readonly shortQueues: Cost;
  readonly longQueue: Cost;
}

/** CPU of a run in the long queue over that of one in the short queues. @throws RangeError when one of them took none */
export const growthOf = ({ shortQueues, longQueue }: QueueFigures): number =>
  ratioOf(longQueue.cpuSeconds, shortQueues.cpuSeconds);
