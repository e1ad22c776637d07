import { objectKey, UNATTESTED } from '../api/index.ts';
import {
  auditController,
  backfillController,
  cacheSweepController,
  completionController,
  createReflectors,
  RunMemories,
  runController,
  semaphoreController,
  signalController,
  sweepController,
  templateControllers,
  upkeepController,
  workflowController,
} from '../controllers/index.ts';
import { Plans } from '../definitions/index.ts';
import { Identities, type RunContext } from '../executors/index.ts';
import { Judging } from '../judging/index.ts';
import { ProofKeys, Proofs } from '../proofs/index.ts';
import { AdoOperator, KubeClient, KubeRecorder, LeaderElector, Manager, realClock } from '../runtime/index.ts';
import { createLogger, createMetrics } from '../telemetry/index.ts';
import { wireAdmission } from './admission.ts';
import { wireClaims } from './claims.ts';
import type { OperatorConfig } from './config.ts';
import { wireExecutors } from './executors.ts';
import { accessOf, countActive, kubeConfigOf, leaseOf, scopeOf } from './settings.ts';
import { sweepSettings, wireLogs } from './storage.ts';
import { wireHooks } from './webhooks.ts';

/** Limits of the validation by controllers, which nobody waits for, but which must not hang. */
const JUDGING = { limitMs: 20_000, maxWaiting: 200 };

/** Wires the operator: one client, a reflector for each kind, the controllers, and the manager that runs them. */
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
  const watching = {
    ...{ client, logger, metrics, clock },
    ...{ relistPeriodMs: config.relistMs, inactivityMs: config.silenceMs },
  };
  const { stores, reflectors } = createReflectors({ ...watching, ...scopeOf(config) }, config.namespace);
  const controller = { controller: 'flow.ado.dev/operator', instance: config.identity };
  const recorder = new KubeRecorder({ client: fenced, logger, metrics, clock, ...controller });
  const wake = (key: string) => runs.queue.add(key);
  const ending = new AbortController();
  const keys = new ProofKeys({ client, clock, logger, namespace: config.namespace });
  const proves = new Proofs({ keys: () => keys.keys, purpose: 'proofs', now: () => clock.now() });
  const identities = new Identities(proves);
  const parts = { client: fenced, stores, clock, identities, proves, isLeader, ending: ending.signal };
  const logs = wireLogs(config.storage.logs, { client: fenced, clock, metrics, workflows: stores.workflows });
  const wakeRun = (run: RunContext) => wake(objectKey(run));
  const admission = wireAdmission(config, { client, stores, clock, logger, keys, watching });
  const attests = admission?.webhook.attests ?? UNATTESTED;
  const started = wireExecutors(config, { ...parts, archiver: logs?.archiver, wake: wakeRun, attests });
  const settleSoon = (key: string) => semaphores.queue.add(key);
  const sweepLater = (namespace: string, ms: number) => cacheSweeps.queue.addAfter(namespace, ms, 'resync');
  const { executor, ledger, sweep } = wireClaims(started, { ...parts, proves, wake, settleSoon, sweepLater });
  const judging = new Judging({ clock, ...JUDGING });
  const shared = { client: fenced, stores, recorder, metrics, clock, judging, proves, attests };
  const options = { logger, concurrency: config.concurrency };
  const manager = new Manager({
    logger,
    metrics,
    clock,
    health: { host: config.healthHost, port: config.healthPort },
    ...(elector ? { elector } : {}),
  });
  const openly = new KubeRecorder({ client, logger, metrics, clock, ...controller });
  const hooks = wireHooks(config, { client, stores, clock, logger, metrics, attests, proves, recorder: openly });
  manager.addWorker(workflowController({ ...shared, askForSecret: hooks?.askForSecret }, options));
  manager.addWorker(backfillController(shared, options));
  manager.addWorker(completionController(shared, { logger }));
  for (const controller of templateControllers(shared, config.namespace, options)) manager.addWorker(controller);
  const plans = new Plans();
  const run = { ...shared, executor, identities, cache: executor, plans, memories: new RunMemories() };
  const runs = runController(run, options);
  manager.addWorker(runs);
  manager.addWorker(upkeepController(run, { logger }));
  manager.addWorker(auditController(run, { logger }));
  manager.addWorker(signalController({ ...shared, plans, identities }, { logger }));
  const sweeps = sweepSettings(config, logs);
  if (sweeps) manager.addWorker(sweepController(shared, sweeps, { logger }));
  const semaphores = semaphoreController({ stores, ledger, metrics, clock }, { logger });
  manager.addWorker(semaphores);
  const cacheSweeps = cacheSweepController({ sweep, metrics, clock }, { logger });
  manager.addWorker(cacheSweeps);
  if (hooks) manager.addListener(hooks.server);
  manager.addSource(keys);
  for (const source of admission ? [admission.served.reflector, admission.webhook] : []) manager.addSource(source);
  metrics.onScrape(() => metrics.runsActive.set(countActive(stores)));
  manager.beforeRelease(async () => ending.abort());
  for (const each of [recorder, openly]) manager.beforeRelease((ms) => each.stop(ms));
  const operator = new AdoOperator({ kubeConfig, client, manager, logger, metrics });
  for (const reflector of reflectors) operator.watch(reflector);
  return operator;
}
