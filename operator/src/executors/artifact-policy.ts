import {
  type ArtifactPolicy,
  type EarlierRun,
  objectKey,
  parseDuration,
  type Workflow,
  type WorkflowRun,
} from '../api/index.ts';
import type { Store } from '../runtime/index.ts';
import type { RunContext } from './executor.ts';

const DEFAULT_FOR = '720h';

/** How long the artifacts of a run are kept: what the Workflow says today, not what it said when it was pinned. */
export function artifactPolicy(workflows: Store<Workflow>): (run: RunContext) => ArtifactPolicy {
  return ({ namespace, workflow }) => {
    const retention = workflows.get(objectKey({ namespace, name: workflow }))?.spec.retention?.artifacts;
    if (retention?.keep === 'For') return { keep: 'For', ms: parseDuration(retention.for ?? DEFAULT_FOR) };
    return { keep: retention?.keep ?? 'WithRun' };
  };
}

/** How far back a series of retries is followed. */
const MAX_EARLIER = 10;

/**
 * The runs that a run took results over from, the newest first. A series is known as far as its runs are there; what the
 * artifacts of one that is gone were, is gone with it.
 */
export function earlierRuns(runs: Store<WorkflowRun>): (run: RunContext) => EarlierRun[] {
  return ({ namespace, name }) => {
    const earlier: EarlierRun[] = [];
    let run = runs.get(objectKey({ namespace, name }));
    while (run?.spec.from && run.spec.from.mode !== 'Rerun' && earlier.length < MAX_EARLIER) {
      const before = runs.get(objectKey({ namespace, name: run.spec.from.run }));
      // What the status says is of the run that was repeated, whoever has its name now; it is not written yet at first.
      const runUid = run.status?.origin?.uid ?? before?.metadata.uid;
      if (runUid === undefined) break;
      earlier.push({ runUid, byItem: run.spec.from.mode === 'Retry' });
      run = before?.metadata.uid === runUid ? before : undefined;
    }
    return earlier;
  };
}
