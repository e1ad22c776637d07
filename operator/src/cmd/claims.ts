import { objectKey, type Proves } from '../api/index.ts';
import { type HolderOf, Holders, SEMAPHORES, type Stores } from '../controllers/index.ts';
import {
  CacheExecutor,
  CacheSweep,
  type Executor,
  type Identities,
  Ledger,
  PermitExecutor,
} from '../executors/index.ts';
import type { Clock, KubeClient } from '../runtime/index.ts';

export interface ClaimParts {
  /** Fenced: a process that is no longer the leader claims nothing. */
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly identities: Identities;
  /** Verifies cached results that the operator stored. */
  readonly proves: Proves;
  /** Enqueues a run to repeat a refused claim. */
  readonly wake: (runKey: string) => void;
  /** Enqueues a Semaphore. */
  readonly settleSoon: (key: string) => void;
  /** Has the cached results of a namespace swept after so many milliseconds. */
  readonly sweepLater: (namespace: string, ms: number) => void;
}

export interface Claims {
  /** Checks the cache, acquires permits, then starts. */
  readonly executor: CacheExecutor;
  readonly ledger: Ledger;
  readonly sweep: CacheSweep;
}

/** The claims of attempts before they start: cached results and permits of Semaphores. */
export function wireClaims(
  inner: Executor,
  { client, stores, clock, identities, proves, wake, settleSoon, sweepLater }: ClaimParts,
): Claims {
  const holders = new Holders(stores, clock, identities);
  const ledger = new Ledger({
    ...{ client, clock, wake, settleSoon },
    resource: SEMAPHORES,
    semaphores: stores.semaphores,
    holderState: (namespace, holder) => holders.holderState(namespace, holder),
    mayStart: (namespace, run, uid) => holders.mayStart(namespace, run, uid),
    priorityOf: (namespace, run) => holders.priorityOf(namespace, run),
  });
  const cache = {
    ...{ client, clock, proves },
    holderState: (namespace: string, holder: HolderOf) => holders.holderState(namespace, holder),
  };
  const sweep = new CacheSweep(cache);
  const executor = new CacheExecutor(new PermitExecutor(inner, ledger), {
    ...{ ...cache, wake },
    policyOf: (run) => stores.runs.get(objectKey(run))?.spec.cache ?? 'Use',
    stored: (namespace) => {
      const wait = sweep.noteStored(namespace);
      if (wait !== undefined) sweepLater(namespace, wait);
    },
  });
  return { executor, ledger, sweep };
}
