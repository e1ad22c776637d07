import { LABEL_RUN, objectKey } from '../../../api/index.ts';
import { hasResultFinalizer, outlivedBy, type Pod } from '../../../pods/index.ts';
import { Controller, type ControllerOptions } from '../../../runtime/index.ts';
import type { RunDeps } from '../deps.ts';
import { RunUpkeep } from './upkeep.ts';

/** Keys at a time. Most of them only wait for a quiet moment, which costs nothing, and none may keep others waiting. */
const CONCURRENCY = 512;
/** What is left when a leader steps down, the next one finds; nobody waits for it, and for the lease somebody does. */
const STOP_MS = 200;

/** Sources and keys of the upkeep of runs: every stored version of a run, and pods that are held for a result. */
export function upkeepController(deps: RunDeps, options: Pick<ControllerOptions, 'logger'>): Controller {
  const upkeep = new RunUpkeep(deps);
  const controller = new Controller({
    name: 'workflowrun-upkeep',
    reconcile: (key, context) => upkeep.reconcile(key, context),
    metrics: deps.metrics,
    clock: deps.clock,
    concurrency: CONCURRENCY,
    maxGraceMs: STOP_MS,
    ...options,
  });
  const { queue } = controller;
  const { runs, pods } = deps.stores;
  const add = (key: string) => queue.add(key);
  runs.subscribe({
    added: add,
    updated: add,
    deleted: (key, { metadata }) => {
      upkeep.forget(metadata.uid ?? '');
      add(key);
    },
    resynced: (key) => queue.add(key, 'resync'),
  });
  const runOf = ({ metadata: { labels, namespace = '' } }: Pod) =>
    objectKey({ name: labels?.[LABEL_RUN] ?? '', namespace });
  const ofPod = (pod: Pod) => {
    if (pod.metadata.labels?.[LABEL_RUN] && hasResultFinalizer(pod)) queue.add(runOf(pod));
  };
  pods.subscribe({
    added: (_key, pod) => ofPod(pod),
    updated: (_key, pod, previous) => {
      const { deletionTimestamp, finalizers } = previous.metadata;
      const isEnding = pod.metadata.deletionTimestamp !== deletionTimestamp;
      // What others put into the pod has to be ended, also where the result has yet to be stored.
      const isOutlived = outlivedBy(pod).length > 0 && outlivedBy(previous).length === 0;
      if (isEnding || isOutlived || String(pod.metadata.finalizers) !== String(finalizers)) ofPod(pod);
    },
    deleted: (_key, pod) => upkeep.podGone(runOf(pod)),
  });
  return controller;
}
