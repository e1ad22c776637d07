import { describe, expect, it } from 'vitest';
import {
  ANNOTATION_COMPLETIONS,
  type Completion,
  objectKey,
  type Workflow,
  type WorkflowRun,
  withProvenance,
} from '../../api/index.ts';
import { Store } from '../../runtime/index.ts';
import { BY_COMPLETION_SOURCE, completionSources } from '../stores/completion-sources.ts';
import { testProofs } from '../testing/proofs.ts';
import { isKeptForTrigger } from '../workflow/retention-guard.ts';
import { awaiting, completionStatuses, markOf } from './awaiting.ts';
import { wantedOf } from './made-run.ts';

const NOW = Date.parse('2026-01-02T00:00:00.500Z');
const SECOND = 1000;

/** A Workflow with one trigger, which counts since NOW. */
function target(more: Partial<Completion> = {}, name = 'ship'): Workflow {
  const completions = [{ name: 'built', workflow: 'build', ...more }];
  const workflow: Workflow = {
    apiVersion: '',
    kind: '',
    metadata: { name, namespace: 'shop', uid: `uid-${name}` },
    spec: { tasks: [], parameters: [{ name: 'what', default: 'x' }], triggers: { completions } },
  };
  const status = { completions: completionStatuses(workflow, NOW) ?? [] };
  return { ...workflow, status };
}

function ended(
  seconds: number,
  more: { reason?: string; status?: WorkflowRun['status']; annotations?: Record<string, string> } = {},
): WorkflowRun {
  const { reason = 'Succeeded', annotations = {} } = more;
  const status = reason === 'Succeeded' ? ('True' as const) : ('False' as const);
  const condition = { type: 'Succeeded', status, reason, message: 'm', lastTransitionTime: '' };
  return {
    apiVersion: '',
    kind: '',
    metadata: { name: 'build-1', namespace: 'shop', uid: 'r-1', annotations },
    spec: { workflowRef: { name: 'build' }, desiredState: 'Running', parameters: [{ name: 'version', value: '2' }] },
    status: { finishedAt: new Date(NOW + seconds * SECOND).toISOString(), conditions: [condition], ...more.status },
  };
}

const names = (of: readonly Completion[]) => of.map(({ name }) => name);

describe('a completion trigger', () => {
  it('waits for runs that end after it was first seen, and not for those before', () => {
    expect(names(awaiting(target(), ended(5)))).toEqual(['built']);
    expect(awaiting(target(), ended(-5))).toEqual([]);
    const { status: _unseen, ...unseen } = target();
    expect(awaiting(unseen, ended(5))).toEqual([]);
  });

  it('begins anew where it waits for something else, and keeps its time where it does not', () => {
    const before = target();
    const later = NOW + 3600 * SECOND;
    expect(completionStatuses(before, later)).toEqual(before.status?.completions);
    const changed = { ...before, spec: target({ of: ['Failed'] }).spec };
    expect(awaiting(changed, ended(5, { reason: 'TaskFailed' }))).toEqual([]);
    expect(completionStatuses(changed, later)?.[0]?.since).toBe(new Date(later).toISOString());
    const suspended = { ...before, spec: target({ suspend: true }).spec };
    expect(completionStatuses(suspended, later)).toBeUndefined();
    expect(awaiting(suspended, ended(5))).toEqual([]);
  });

  it.each([
    ['Succeeded', ['Succeeded']],
    ['TaskFailed', ['Failed']],
    ['TimedOut', ['Failed']],
    ['Cancelled', ['Cancelled']],
    ['Terminated', ['Cancelled']],
  ] as const)('takes an end for reason %s as %s', (reason, [result]) => {
    const all = ['Succeeded', 'Failed', 'Cancelled'] as const;
    const counting = all.filter((of) => awaiting(target({ of: [of] }), ended(5, { reason })).length > 0);
    expect(counting).toEqual([result]);
  });

  it('does not wait for runs of others, that go on, that go on as new ones, or that it has acted upon', () => {
    expect(awaiting(target({ workflow: 'other' }), ended(5))).toEqual([]);
    const { status: _status, ...running } = ended(5);
    expect(awaiting(target(), running)).toEqual([]);
    const chain = { root: 'build-1', index: 0, next: 'build-1-c1' };
    expect(awaiting(target(), ended(5, { status: { chain } }))).toEqual([]);
    const acted = { status: { completions: ['abc', markOf(target(), 'built')] } };
    expect(awaiting(target(), ended(5, acted))).toEqual([]);
    expect(names(awaiting(target({}, 'other-ship'), ended(5, acted)))).toEqual(['built']);
  });

  it('is not silenced by an annotation, but of what ended before that was kept in status', () => {
    const annotations = { [ANNOTATION_COMPLETIONS]: `abc,${markOf(target(), 'built')}` };
    const seenAt = (seconds: number): Workflow => ({
      ...target(),
      status: { ...target().status, firstSeen: { at: new Date(NOW + seconds * SECOND).toISOString() } },
    });
    expect(names(awaiting(seenAt(-60), ended(5, { annotations })))).toEqual(['built']);
    expect(awaiting(seenAt(60), ended(5, { annotations }))).toEqual([]);
  });
});

describe('what a completion trigger makes', () => {
  const wanted = (completion: Partial<Completion>, source = ended(5)) => {
    const workflow = target(completion);
    const completion0 = workflow.spec.triggers?.completions?.[0] as Completion;
    return wantedOf(workflow, completion0, { run: source, lineage }, proves);
  };
  const proves = testProofs();
  const lineage = { requesters: ['ada'], unknown: false };
  const built = (wish: ReturnType<typeof wanted>) => {
    if (wish === 'Nothing' || 'refusal' in wish) throw new Error('there is no run');
    return { names: wish.names, run: wish.build(wish.names[0] ?? '') };
  };

  it('is a run that is named for the run that ended, and says so', () => {
    const made = built(wanted({ with: { what: '${{ source.parameters.version }} of ${{ source.run }}' } }));
    expect(made).toEqual(built(wanted({ with: { what: '${{ source.parameters.version }} of ${{ source.run }}' } })));
    expect(made.run.spec.parameters).toEqual([{ name: 'what', value: '2 of build-1' }]);
    expect(made.run.spec.origin).toEqual({ type: 'Completion', trigger: 'built', run: 'build-1', uid: 'r-1' });
    expect(made.run.spec.provenance).toMatchObject({ depth: 1, requesters: ['ada'], workflow: 'uid-ship' });
    const other = wanted({}, { ...ended(5), metadata: { ...ended(5).metadata, uid: 'r-2' } });
    expect(built(other).names[0]).not.toBe(made.names[0]);
  });

  it('is nothing where its condition is false, and a refusal where it has no value', () => {
    expect(wanted({ when: 'source.result == "Failed"' })).toBe('Nothing');
    expect(wanted({ when: 'source.parameters.missing == "1"' })).toHaveProperty('refusal');
    expect(wanted({ with: { nothing: 'x' } })).toMatchObject({ refusal: expect.stringContaining('with: "nothing"') });
  });

  it('is refused more than 8 runs deep', () => {
    const deep = (depth: number) => withProvenance(ended(5), { lineage, depth }, proves);
    expect(built(wanted({}, deep(7))).run.spec.provenance?.depth).toBe(8);
    expect(wanted({}, deep(8))).toMatchObject({ refusal: expect.stringContaining('TooDeep') });
  });

  it.each([
    [
      'an annotation',
      (run: WorkflowRun) => ({ ...run, metadata: { ...run.metadata, annotations: { 'flow.ado.dev/depth': 'x' } } }),
    ],
    ['another depth', (run: WorkflowRun) => changed(run, { depth: 0 })],
    ['other requesters', (run: WorkflowRun) => changed(run, { requesters: [] })],
    ['another proof', (run: WorkflowRun) => changed(run, { proof: 'x' })],
    ['another name', (run: WorkflowRun) => ({ ...run, metadata: { ...run.metadata, name: 'x' } })],
  ])('counts how deep it is by what is proven, whatever is written: %s', (_what, change) => {
    const eighth = withProvenance(ended(5), { lineage, depth: 8 }, proves);
    const isProven = change(eighth).spec.provenance === eighth.spec.provenance && change(eighth).metadata.name !== 'x';
    const made = wanted({}, change(eighth));
    if (isProven) expect(made).toMatchObject({ refusal: expect.stringContaining('TooDeep') });
    else expect(built(made).run.spec.provenance?.depth).toBe(1);
  });

  const changed = (run: WorkflowRun, more: object): WorkflowRun =>
    ({ ...run, spec: { ...run.spec, provenance: { ...run.spec.provenance, ...more } } }) as WorkflowRun;
});

describe('retention', () => {
  const storesOf = (workflows: readonly Workflow[], runs: readonly WorkflowRun[]) => {
    const stores = {
      workflows: new Store<Workflow>({ indexes: { [BY_COMPLETION_SOURCE]: completionSources } }),
      runs: new Store<WorkflowRun>(),
    };
    const entry = <T extends Workflow | WorkflowRun>(value: T) => {
      const { metadata } = value;
      return { key: objectKey(metadata), uid: metadata.uid ?? '', resourceVersion: '1', value };
    };
    for (const workflow of workflows) stores.workflows.put(entry(workflow));
    for (const run of runs) stores.runs.put(entry(run));
    return stores;
  };
  const marked = ended(5, { status: { completions: [markOf(target(), 'built')] } });
  const made: WorkflowRun = {
    ...ended(9),
    metadata: { name: 'ship-1', namespace: 'shop', uid: 's-1' },
    spec: {
      workflowRef: { name: 'ship' },
      desiredState: 'Running',
      origin: { type: 'Completion', trigger: 'built', run: 'build-1', uid: 'r-1' },
    },
  };

  it('leaves a run alone until its trigger has acted, but not for ever', () => {
    expect(isKeptForTrigger(storesOf([target()], []), ended(5), NOW + 60 * SECOND)).toBe(true);
    expect(isKeptForTrigger(storesOf([target()], []), marked, NOW + 60 * SECOND)).toBe(false);
    expect(isKeptForTrigger(storesOf([target()], []), ended(5), NOW + 3700 * SECOND)).toBe(false);
    expect(isKeptForTrigger(storesOf([], []), ended(5), NOW)).toBe(false);
  });

  it('leaves the run of a request alone while it may be sent again', () => {
    const creationTimestamp = new Date(NOW).toISOString();
    const run: WorkflowRun = {
      ...made,
      metadata: { ...made.metadata, creationTimestamp },
      spec: { ...made.spec, origin: { type: 'Webhook', trigger: 'push' } },
    };
    expect(isKeptForTrigger(storesOf([], []), run, NOW + 299 * SECOND)).toBe(true);
    expect(isKeptForTrigger(storesOf([], []), run, NOW + 301 * SECOND)).toBe(false);
  });

  it('leaves the run of a trigger alone until the one that ended says so, or is gone', () => {
    expect(isKeptForTrigger(storesOf([target()], [ended(5)]), made, NOW)).toBe(true);
    expect(isKeptForTrigger(storesOf([target()], [marked]), made, NOW)).toBe(false);
    expect(isKeptForTrigger(storesOf([target()], []), made, NOW)).toBe(false);
    const another = { ...ended(5), metadata: { ...ended(5).metadata, uid: 'r-2' } };
    expect(isKeptForTrigger(storesOf([target()], [another]), made, NOW)).toBe(false);
  });
});
