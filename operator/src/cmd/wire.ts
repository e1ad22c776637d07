import type { KubeConfig } from '@kubernetes/client-node';
import { objectKey } from '../api/index.ts';
import {
  CLUSTER_ACCESS,
  createReflectors,
  NAMESPACED_ACCESS,
  OWN_NAMESPACE_ACCESS,
  Plans,
  RunMemories,
  runController,
  type Stores,
  semaphoreController,
  sweepController,
  templateControllers,
  upkeepController,
  workflowController,
} from '../controllers/index.ts';
import type { RunContext } from '../executors/index.ts';
import {
  AccessTable,
  AdoOperator,
  KubeClient,
  KubeRecorder,
  LeaderElector,
  loadKubeConfig,
  Manager,
  realClock,
} from '../runtime/index.ts';
import { createLogger, createMetrics } from '../telemetry/index.ts';
import { wireClaims } from './claims.ts';
import { ConfigError, type OperatorConfig } from './config.ts';
import { wireExecutors } from './executors.ts';
import { sweepSettings, wireLogs } from './storage.ts';

const LEASE_NAME = 'ado-operator';
/** client-go's proportions: a leader gives up after 2/3 of its lease and renews it every 2/15. */
const RENEW_SHARE = 2 / 3;
const RETRY_SHARE = 2 / 15;
/** A standby only reads, so it looks more often: a lease of 15 s that is handed back lies idle for half a second. */
const STANDBY_SHARE = 1 / 30;

/** Puts the operator together: one client, a reflector a kind, the controllers, and the shell that runs them in order. */
export function wire(config: OperatorConfig): AdoOperator {
  const clock = realClock;
  const metrics = createMetrics();
  const logger = createLogger({ level: config.logLevel });
  const kubeConfig = kubeConfigOf(config);
  const client = new KubeClient({
    config: kubeConfig,
    logger,
    metrics,
    clock,
    timeoutMs: config.requestMs,
    access: accessOf(config),
  });
  const elector = config.leaderElection
    ? new LeaderElector({ ...leaseOf(config), client, logger, metrics, clock })
    : undefined;
  const isLeader = () => elector?.isLeader() ?? true;
  const fenced = elector ? client.fenced(isLeader) : client;
  const { stores, reflectors } = createReflectors({
    client,
    logger,
    metrics,
    clock,
    relistPeriodMs: config.relistMs,
    inactivityMs: config.silenceMs,
    ...scopeOf(config),
  });
  const controller = { controller: 'flow.ado.dev/operator', instance: config.identity };
  const recorder = new KubeRecorder({ client: fenced, logger, metrics, clock, ...controller });
  const wake = (key: string) => runs.queue.add(key);
  const ending = new AbortController();
  const parts = { client: fenced, stores, clock, isLeader, ending: ending.signal };
  const logs = wireLogs(config.storage.logs, { client: fenced, clock, metrics, workflows: stores.workflows });
  const wakeRun = (run: RunContext) => wake(objectKey(run));
  const started = wireExecutors(config, { ...parts, archiver: logs?.archiver, wake: wakeRun });
  const settleSoon = (key: string) => semaphores.queue.add(key);
  const { executor, ledger } = wireClaims(started, { ...parts, wake, settleSoon });
  const shared = { client: fenced, stores, recorder, metrics, clock };
  const options = { logger, concurrency: config.concurrency };
  const manager = new Manager({
    logger,
    metrics,
    clock,
    health: { host: config.healthHost, port: config.healthPort },
    ...(elector ? { elector } : {}),
  });
  manager.addWorker(workflowController(shared, options));
  for (const controller of templateControllers(shared, config.namespace, options)) manager.addWorker(controller);
  const run = { ...shared, executor, cache: executor, plans: new Plans(), memories: new RunMemories() };
  const runs = runController(run, options);
  manager.addWorker(runs);
  manager.addWorker(upkeepController(run, { logger }));
  const sweeps = sweepSettings(config.storage, logs);
  if (sweeps) manager.addWorker(sweepController(shared, sweeps, { logger }));
  const semaphores = semaphoreController({ stores, ledger, metrics, clock }, { logger });
  manager.addWorker(semaphores);
  metrics.onScrape(() => metrics.runsActive.set(countActive(stores)));
  manager.beforeRelease(async () => ending.abort());
  manager.beforeRelease((ms) => recorder.stop(ms));
  const operator = new AdoOperator({ kubeConfig, client, manager, logger, metrics });
  for (const reflector of reflectors) operator.watch(reflector);
  return operator;
}

function accessOf({ namespaces }: OperatorConfig): AccessTable {
  const cluster = namespaces.length === 0 ? CLUSTER_ACCESS : [];
  return new AccessTable([...NAMESPACED_ACCESS, ...cluster, ...OWN_NAMESPACE_ACCESS]);
}

/** Each served namespace by itself; or all at once, but for those that others serve. */
function scopeOf({ namespaces, exceptNamespaces }: OperatorConfig) {
  if (namespaces.length > 0) return { namespaces };
  if (exceptNamespaces.length === 0) return {};
  return { fieldSelector: exceptNamespaces.map((name) => `metadata.namespace!=${name}`).join(',') };
}

function leaseOf({ namespace, identity, leaseMs }: OperatorConfig) {
  const renewDeadlineMs = Math.round(leaseMs * RENEW_SHARE);
  return {
    namespace,
    identity,
    name: LEASE_NAME,
    leaseMs,
    renewDeadlineMs,
    retryMs: Math.round(leaseMs * RETRY_SHARE),
    standbyMs: Math.max(100, Math.round(leaseMs * STANDBY_SHARE)),
  };
}

function kubeConfigOf({ kubeconfig, context }: OperatorConfig): KubeConfig {
  try {
    const config = loadKubeConfig(kubeconfig);
    if (context) config.setCurrentContext(context);
    return config;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`--kubeconfig: ${kubeconfig ?? 'the default one'} cannot be used: ${why}`);
  }
}

function countActive(stores: Stores): number {
  let active = 0;
  for (const key of stores.runs.keys()) if (!stores.runs.get(key)?.status?.finishedAt) active++;
  return active;
}
