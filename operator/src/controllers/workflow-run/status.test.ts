import { describe, expect, it } from 'vitest';
import type { AttemptObservation, Definition, WorkflowRun } from '../../api/index.ts';
import { accept, attemptKey, decide, digestOf, plan } from '../../engine/index.ts';
import { buildStatus } from './status.ts';

const LIVE = 80;
const since = 1_700_000_000_000;
const definition: Definition = {
  defaults: { image: 'busybox' },
  tasks: [{ name: 'wide', run: 'true', forEach: { sequence: { from: 1, to: LIVE + 50 } } }],
  parallelism: LIVE,
};
const run: WorkflowRun = {
  apiVersion: 'flow.ado.dev/v1alpha1',
  kind: 'WorkflowRun',
  metadata: { name: 'wide', namespace: 'ns', uid: 'uid' },
  spec: { workflowRef: { name: 'wide' }, desiredState: 'Running' },
};

describe('what a run waits for', () => {
  it('counts all tasks that wait, and not only those that are shown', () => {
    const compiled = plan(definition, digestOf(definition));
    const { state: begun } = accept(compiled.digest, {}, since);
    const identity = { name: 'wide', namespace: 'ns', uid: 'uid', workflow: 'wide' };
    const seen = { desiredState: 'Running', attempts: new Map() } as const;
    const { state, actions } = decide(identity, compiled, begun, seen, since);
    const waits: AttemptObservation = { phase: 'Pending', reason: 'Unschedulable', message: 'no node', since };
    const attempts = new Map(actions.map(({ path, attempt }) => [attemptKey(path, attempt), waits]));
    const journal = { firstSeq: 1, pages: 0, tail: '[]' };
    const status = buildStatus(run, 'revision', compiled, state, journal, { attempts }, since);
    expect(status.tasks).toHaveLength(50);
    expect(status.waitingFor).toBe(`${LIVE} Unschedulable`);
  });
});
