import { continuedAs, LABEL_RUN, LABEL_WORKFLOW, objectKey, type Signal, type WorkflowRun } from '../../api/index.ts';
import type { Revision } from '../../definitions/index.ts';
import type { Pod } from '../../pods/index.ts';
import { Controller, type ControllerOptions } from '../../runtime/index.ts';
import { isEnded } from '../stores/links.ts';
import { RUNS_BY_WORKFLOW } from '../stores/stores.ts';
import { followRuns } from './concurrency/follow-runs.ts';
import type { RunDeps } from './deps.ts';
import { addresseesOf } from './inbox.ts';
import { answersMore, asksMore, changesPhase, isUnbegun, parentOf, saysMore, startsOthers } from './predicates.ts';
import { foundPriority, priorityOf } from './priority.ts';
import { RunReconciler } from './reconciler.ts';

/** Sources and keys of the controller of WorkflowRuns: runs, their pods, and the Workflow that a pending run waits for. */
export function runController(deps: RunDeps, options: Pick<ControllerOptions, 'logger' | 'concurrency'>): Controller {
  const reconciler = new RunReconciler(deps);
  const controller = new Controller({
    name: 'workflowrun',
    reconcile: async (key, context) => {
      const { priority, ...result } = await reconciler.reconcile(key, context);
      if (priority === undefined || result.requeueAfter === undefined) return result;
      queue.addAfter(key, result.requeueAfter, priority);
      return {};
    },
    metrics: deps.metrics,
    clock: deps.clock,
    ...options,
  });
  const { runs, pods, workflows, revisions } = deps.stores;
  const { queue } = controller;
  runs.subscribe({
    added: (key, run) => queue.add(key, foundPriority(run)),
    // What our own write made was decided on before it was written.
    updated: (key, run, previous, { resourceVersion }) => {
      if (deps.memories.isEcho(run.metadata.uid ?? '', resourceVersion) || !asksMore(run, previous)) return;
      queue.add(key, priorityOf(run));
    },
    deleted: (key, run) => {
      deps.memories.forget(run.metadata.uid ?? '');
      queue.add(key);
    },
    resynced: (key) => queue.add(key, 'resync'),
  });
  followRuns(deps.memories.concurrencyGate, deps.stores, (next) => queue.add(next, 'new'));
  // What a run that a task started has come to decides on that task; also if we wrote it ourselves.
  const ofChild = (run: WorkflowRun) => {
    const parent = parentOf(run);
    if (parent) queue.add(parent);
  };
  runs.subscribe({
    added: (_key, run) => ofChild(run),
    updated: (_key, run, previous) => {
      if (changesPhase(run, previous)) ofChild(run);
    },
    deleted: (_key, run) => ofChild(run),
  });
  // A run that continues another begins when that one has ended; also if we wrote it ourselves.
  runs.subscribe({
    updated: (_key, run, previous) => {
      const next = continuedAs(run);
      if (next === undefined || next === continuedAs(previous)) return;
      queue.add(objectKey({ name: next, namespace: run.metadata.namespace ?? '' }));
    },
  });
  const ofPod = (_key: string, pod: Pod) => {
    const name = pod.metadata.labels?.[LABEL_RUN];
    if (name) queue.add(objectKey({ name, namespace: pod.metadata.namespace ?? '' }));
  };
  pods.subscribe({
    added: ofPod,
    updated: (key, pod, previous) => {
      if (saysMore(pod, previous)) ofPod(key, pod);
    },
    deleted: ofPod,
  });
  // One that is gone is made again, if a task still asks by it.
  const ofSignal = (_key: string, signal: Signal) => {
    if (isEnded(signal)) return;
    for (const run of addresseesOf(deps.stores, signal)) queue.add(run);
  };
  deps.stores.signals.subscribe({
    added: ofSignal,
    updated: (key, signal, previous) => {
      if (answersMore(signal, previous)) ofSignal(key, signal);
    },
    deleted: ofSignal,
  });
  const waiting = (key: string) => {
    for (const run of runs.byIndex(RUNS_BY_WORKFLOW, key)) {
      if (isUnbegun(run)) queue.add(objectKey(run.metadata), priorityOf(run));
    }
  };
  workflows.subscribe({
    added: waiting,
    updated: (key, workflow, previous) => {
      if (startsOthers(workflow, previous)) waiting(key);
    },
  });
  // The revision may reach its cache after the Workflow that names it: whoever waits for it is looked at again.
  const ofRevision = (_key: string, { metadata }: Revision) => {
    const workflow = objectKey({
      name: metadata.labels?.[LABEL_WORKFLOW] ?? '',
      namespace: metadata.namespace ?? '',
    });
    for (const run of runs.byIndex(RUNS_BY_WORKFLOW, workflow)) {
      if (!run.status?.finishedAt) queue.add(objectKey(run.metadata), priorityOf(run));
    }
  };
  revisions.subscribe({ added: ofRevision, updated: ofRevision });
  return controller;
}
