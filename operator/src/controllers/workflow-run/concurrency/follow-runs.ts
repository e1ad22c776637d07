import { objectKey, type WorkflowRun } from '../../../api/index.ts';
import type { Stores } from '../../stores/stores.ts';
import type { ConcurrencyGate } from './concurrency-gate.ts';

/**
 * Keeps the gate equal to the cached runs, and wakes the runs next in turn when one ends, is gone or gives up its turn: by
 * their keys in the store, in their order.
 */
export function followRuns(
  gate: ConcurrencyGate,
  { runs, workflows }: Pick<Stores, 'runs' | 'workflows'>,
  wake: (runKey: string) => void,
): void {
  const workflowOf = ({ metadata: { namespace = '' }, spec }: WorkflowRun) =>
    workflows.get(objectKey({ name: spec.workflowRef.name, namespace }));
  runs.subscribe({
    added: (_key, run) => void gate.saw(workflowOf(run), run),
    updated: (_key, run, previous) => {
      for (const next of gate.saw(workflowOf(run), run, previous)) wake(next);
    },
    deleted: (_key, run) => {
      for (const next of gate.gone(workflowOf(run), run)) wake(next);
    },
  });
  workflows.subscribe({ deleted: (key) => gate.forget(key) });
}
