import { objectKey, type Proves } from '../api/index.ts';
import { Holders, SEMAPHORES, type Stores } from '../controllers/index.ts';
import { CacheExecutor, type Executor, type Identities, Ledger, PermitExecutor } from '../executors/index.ts';
import type { Clock, KubeClient } from '../runtime/index.ts';

export interface ClaimParts {
  /** Fenced: nothing is claimed by a process that is not the leader any more. */
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly identities: Identities;
  /** Which cached results the operator stored. */
  readonly proves: Proves;
  /** Has a run ask again for what it was refused. */
  readonly wake: (runKey: string) => void;
  /** Has a Semaphore looked at. */
  readonly settleSoon: (key: string) => void;
}

export interface Claims {
  /** Asks the cache, then for permits, then starts. */
  readonly executor: CacheExecutor;
  readonly ledger: Ledger;
}

/** What attempts claim before they start: cached results and permits of Semaphores. */
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
