import type { CacheSweep } from '../../executors/index.ts';
import { type Clock, Controller, type ControllerOptions } from '../../runtime/index.ts';
import type { Metrics } from '../../telemetry/index.ts';

/** One namespace after the other: nothing waits for it. */
const CONCURRENCY = 1;
const STOP_MS = 200;

/** The sweep of cached results: a key is a namespace, and a result that was stored in it is what makes it due. */
export function cacheSweepController(
  { sweep, metrics, clock }: { readonly sweep: CacheSweep; readonly metrics: Metrics; readonly clock: Clock },
  options: Pick<ControllerOptions, 'logger'>,
): Controller {
  return new Controller({
    name: 'cache-sweep',
    reconcile: (namespace, { signal }) => sweep.sweep(namespace, signal),
    metrics,
    clock,
    concurrency: CONCURRENCY,
    maxGraceMs: STOP_MS,
    ...options,
  });
}
