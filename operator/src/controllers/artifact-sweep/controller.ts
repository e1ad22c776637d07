import { graceOf } from '../../pods/index.ts';
import { Controller, type ControllerOptions } from '../../runtime/index.ts';
import { type SweepDeps, Sweeper, type SweepSettings } from './sweeper.ts';

/** Namespaces at a time: a sweep has no hurry. */
const CONCURRENCY = 2;
const STOP_MS = 200;

/**
 * Sources and keys of sweeps: a key is a namespace, and the deletion of a run makes it due. So does a Workflow that is older
 * than this process, once: runs may have been deleted while no operator ran.
 */
export function sweepController(
  deps: SweepDeps,
  settings: SweepSettings,
  options: Pick<ControllerOptions, 'logger'>,
): Controller {
  const sweeper = new Sweeper(deps, settings);
  const controller = new Controller({
    name: 'artifact-sweep',
    reconcile: (key, context) => sweeper.reconcile(key, context),
    metrics: deps.metrics,
    clock: deps.clock,
    concurrency: CONCURRENCY,
    maxGraceMs: STOP_MS,
    ...options,
  });
  const { runs, pods, workflows } = deps.stores;
  const begun = deps.clock.now();
  const addAfter = (namespace: string, wait: number | undefined) => {
    if (wait !== undefined) controller.queue.addAfter(namespace, wait);
  };
  // A pod that stores artifacts has a grace of its own for that.
  pods.subscribe({
    added: (_key, pod) => {
      if (graceOf(pod) !== undefined) sweeper.noteStoring(pod.metadata.namespace ?? '');
    },
  });
  runs.subscribe({
    deleted: (_key, { metadata: { namespace = '' } }) => addAfter(namespace, sweeper.noteDeleted(namespace)),
  });
  workflows.subscribe({
    added: (_key, { metadata: { namespace = '', creationTimestamp = '' } }) => {
      if (Date.parse(creationTimestamp) < begun) addAfter(namespace, sweeper.noteFound(namespace));
    },
  });
  return controller;
}
