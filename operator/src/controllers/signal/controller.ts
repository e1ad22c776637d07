import { objectKey, type Signal, type WorkflowRun } from '../../api/index.ts';
import { Controller, type ControllerOptions, type Store } from '../../runtime/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import { addressesOf } from '../stores/links.ts';
import { storedState } from '../stores/stored-state.ts';
import { PENDING_BY_RUN } from '../stores/stores.ts';
import { isOver } from '../workflow-run/observe.ts';
import { type SignalDeps, SignalReconciler } from './reconciler.ts';

/**
 * Sources and keys of the controller of Signals: the signals, and the runs that they are for. Nothing is looked at by
 * the clock but what has no run.
 */
export function signalController(
  deps: SignalDeps & { readonly metrics: Metrics },
  options: Pick<ControllerOptions, 'logger'>,
): Controller {
  const reconciler = new SignalReconciler(deps);
  const { metrics, clock } = deps;
  const controller = new Controller({
    name: 'signal',
    reconcile: (key, context) => reconciler.reconcile(key, context),
    ...{ metrics, clock },
    ...options,
  });
  const { queue } = controller;
  const { signals, runs } = deps.stores;
  const add = (key: string) => queue.add(key);
  signals.subscribe({ added: add, updated: add, resynced: (key) => queue.add(key, 'resync') });
  const ofRun = (run: WorkflowRun) => {
    for (const signal of toldBy(signals, run)) queue.add(objectKey(signal.metadata));
  };
  runs.subscribe({
    added: (_key, run) => ofRun(run),
    updated: (_key, run, previous) => {
      if (run.status?.state !== previous.status?.state || isOver(run) !== isOver(previous)) ofRun(run);
    },
    deleted: (_key, run) => ofRun(run),
  });
  return controller;
}

/** The signals of which a run may say something new: all by which it asks, and the data that it has judged. */
function toldBy(signals: Store<Signal>, run: WorkflowRun): Signal[] {
  const pending = addressesOf([run]).flatMap((address) => signals.byIndex(PENDING_BY_RUN, address));
  if (pending.length === 0 || isOver(run)) return pending;
  const state = storedState(run);
  if (state === undefined || state === 'Unreadable') return [];
  return pending.filter(({ spec, metadata }) => spec.type !== 'Data' || state.verdicts.has(metadata.uid ?? ''));
}
