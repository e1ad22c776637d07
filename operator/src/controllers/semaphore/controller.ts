import { ANNOTATION_TASK, LABEL_RUN_UID } from '../../api/index.ts';
import type { Ledger } from '../../executors/index.ts';
import { observePod, type Pod } from '../../pods/index.ts';
import { type Clock, Controller, type ControllerOptions } from '../../runtime/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import type { Stores } from '../stores/stores.ts';

export interface SemaphoreDeps {
  readonly stores: Stores;
  readonly ledger: Pick<Ledger, 'settle' | 'keysOf'>;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Semaphores are few, and each is one write at a time. */
const CONCURRENCY = 8;

/**
 * Sources and keys of the controller of Semaphores: the semaphores, and the runs and pods that hold permits or wait for
 * them. Each is looked at again every half minute while it is held, so that no lost event keeps a permit.
 */
export function semaphoreController(
  { stores, ledger, metrics, clock }: SemaphoreDeps,
  options: Pick<ControllerOptions, 'logger'>,
): Controller {
  const controller = new Controller({
    name: 'semaphore',
    reconcile: async (key) => ({ requeueAfter: await ledger.settle(key) }),
    metrics,
    clock,
    concurrency: CONCURRENCY,
    ...options,
  });
  const { queue } = controller;
  const add = (key: string) => queue.add(key);
  const ofRun = (uid: string | undefined) => {
    for (const key of ledger.keysOf(uid ?? '')) queue.add(key);
  };
  stores.semaphores.subscribe({
    added: add,
    updated: add,
    deleted: add,
    resynced: (key) => queue.add(key, 'resync'),
  });
  stores.runs.subscribe({
    updated: (_key, run) => ofRun(run.metadata.uid),
    deleted: (_key, run) => ofRun(run.metadata.uid),
  });
  const ended = (pod: Pod) => {
    if (pod.metadata.annotations?.[ANNOTATION_TASK]) ofRun(pod.metadata.labels?.[LABEL_RUN_UID]);
  };
  stores.pods.subscribe({
    updated: (_key, pod) => {
      if (isOver(pod)) ended(pod);
    },
    deleted: (_key, pod) => ended(pod),
  });
  return controller;
}

function isOver(pod: Pod): boolean {
  const { phase } = observePod(pod);
  return phase === 'Succeeded' || phase === 'Failed';
}
