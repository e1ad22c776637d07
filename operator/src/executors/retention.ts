import { objectKey, type Workflow } from '../api/index.ts';
import { observePod, type Pod } from '../pods/index.ts';
import type { Store } from '../runtime/index.ts';
import type { RunContext } from './executor.ts';

/** Whether a pod is deleted once its result is recorded: what the Workflow says today, not what it said when it ran. */
export function podRetention(workflows: Store<Workflow>): (run: RunContext, pod: Pod) => boolean {
  return ({ namespace, workflow }, pod) => {
    const policy = workflows.get(objectKey({ namespace, name: workflow }))?.spec.retention?.pods ?? 'Keep';
    if (policy === 'Keep') return false;
    // Its phase may still say Running: the node writes what became of the container first.
    return policy === 'Delete' || observePod(pod).phase === 'Succeeded';
  };
}
