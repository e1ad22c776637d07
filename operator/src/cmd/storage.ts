import { join } from 'node:path';
import { keepLog, logStore, type ObjectStore, openStore, redactor, roleKeys, sweep } from '../artifacts/index.ts';
import type { Stores, SweepSettings } from '../controllers/index.ts';
import { artifactPolicy, LogArchiver } from '../executors/index.ts';
import type { ArtifactStore } from '../pods/index.ts';
import type { Clock, KubeClient } from '../runtime/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import type { OperatorConfig } from './config.ts';
import type { ArtifactConfig, LogConfig } from './storage-config.ts';

export interface StorageParts {
  readonly client: KubeClient;
  readonly workflows: Stores['workflows'];
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** The archive of logs, and the sweep that deletes logs of deleted runs. */
export interface LogKeeping {
  readonly archiver: LogArchiver;
  readonly sweepLogs: SweepSettings['sweepLogs'];
}

/** How long one sweep of logs takes at most, before the next one continues it. */
const SWEEP_MS = 480_000;

export function wireLogs(config: LogConfig | undefined, parts: StorageParts): LogKeeping | undefined {
  if (!config) return undefined;
  const { client, clock, metrics, workflows } = parts;
  const policyOf = artifactPolicy(workflows);
  const store = opened(config);
  const clean = redactor(config.redact);
  const archiver = new LogArchiver({
    client,
    clock,
    keep: async (run, attempt, text) => {
      const address = { namespace: run.namespace, runUid: run.uid, ...attempt };
      await store((objects) => keepLog(logStore(objects), address, clean(text), policyOf(run)));
    },
    count: (result) => metrics.logsArchived.inc({ result }),
  });
  return {
    archiver,
    sweepLogs: async (plan, live) => {
      const end = clock.monotonic() + SWEEP_MS;
      const isOver = () => clock.monotonic() > end;
      return store((objects) => sweep(objects, { ...plan, live: new Set(live), now: clock.now(), isOver }));
    },
  };
}

/** The store for the configuration of pods. */
export function storeOf({ location, address, secret, image, maxBytes }: ArtifactConfig): ArtifactStore {
  return { address, claim: location.type === 'Volume' ? location.claim : undefined, secret, image, maxBytes };
}

/** The stores to sweep: a store of both artifacts and logs is swept once, by the operator. */
export function sweepSettings(
  { storage, namespaces }: Pick<OperatorConfig, 'storage' | 'namespaces'>,
  logs: LogKeeping | undefined,
): SweepSettings | undefined {
  const { artifacts, logs: archive, sweepMs: everyMs } = storage;
  const store = artifacts && artifacts.address !== archive?.address ? storeOf(artifacts) : undefined;
  const knowsCluster = namespaces.length === 0;
  return store || logs ? { everyMs, store, knowsCluster, sweepLogs: logs?.sweepLogs } : undefined;
}

/** Opens a store at its first use, and again after a failure, because its Secret may have changed. */
function opened({ address, folder }: LogConfig) {
  let current: Promise<ObjectStore> | undefined;
  return async <T>(work: (store: ObjectStore) => Promise<T>): Promise<T> => {
    const folders = { secretFolder: join(folder, 'secret'), volumeFolder: join(folder, 'volume') };
    const options = { ...folders, otherwise: roleKeys };
    current ??= openStore(address, options);
    try {
      return await work(await current);
    } catch (error) {
      current = undefined;
      throw error;
    }
  };
}
