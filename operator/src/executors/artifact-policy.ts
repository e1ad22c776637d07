import { type ArtifactPolicy, objectKey, parseDuration, type Workflow } from '../api/index.ts';
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
