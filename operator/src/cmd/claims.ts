import { objectKey, type Proves } from '../api/index.ts';
import { Holders, SEMAPHORES, type Stores } from '../controllers/index.ts';
import { CacheExecutor, type Executor, type Identities, Ledger, PermitExecutor } from '../executors/index.ts';
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
}

export interface Claims {
  /** Checks the cache, acquires permits, then starts. */
  readonly executor: CacheExecutor;
  readonly ledger: Ledger;
}

/** The claims of attempts before they start: cached results and permits of Semaphores. */
export function wireClaims(
  inner: Executor,
  { client, stores, clock, identities, proves, wake, settleSoon }: ClaimParts,
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
  const executor = new CacheExecutor(new PermitExecutor(inner, ledger), {
    ...{ client, clock, proves, wake },
    policyOf: (run) => stores.runs.get(objectKey(run))?.spec.cache ?? 'Use',
    holderState: (namespace, holder) => holders.holderState(namespace, holder),
  });
  return { executor, ledger };
}
