import { describe, expect, it } from 'vitest';
import type { Retention, Workflow, WorkflowRun } from '../../api/index.ts';
import { expiry } from './retention.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const HOUR = 3_600_000;

const workflow = (retention?: Retention): Workflow => ({
  apiVersion: '',
  kind: '',
  metadata: { name: 'w', namespace: 'n' },
  spec: { tasks: [], ...(retention ? { retention } : {}) },
});

function run(name: string, hoursAgo: number | undefined, succeeded = true): WorkflowRun {
  const finishedAt = hoursAgo === undefined ? {} : { finishedAt: new Date(NOW - hoursAgo * HOUR).toISOString() };
  const status = succeeded ? ('True' as const) : ('False' as const);
  const condition = { type: 'Succeeded', status, reason: 'x', message: '', lastTransitionTime: '' };
  return {
    apiVersion: '',
    kind: '',
    metadata: { name, namespace: 'n' },
    spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
    status: { ...finishedAt, conditions: hoursAgo === undefined ? [] : [condition] },
  };
}

const names = (runs: readonly WorkflowRun[]) => runs.map(({ metadata }) => metadata.name).sort();

describe('retention', () => {
  it('keeps the newest runs by outcome, and never touches one that is not over', () => {
    const runs = [run('s1', 1), run('s2', 2), run('f1', 1, false), run('f2', 2, false), run('live', undefined)];
    const { expired } = expiry(workflow({ succeeded: { count: 1 }, failed: { count: 0 } }), runs, NOW);
    expect(names(expired)).toEqual(['f1', 'f2', 's2']);
  });

  it('leaves runs to the runs that own them, and does not count them', () => {
    const owner = { apiVersion: '', kind: 'WorkflowRun', name: 'parent', uid: 'p', controller: true };
    const child = (name: string, hoursAgo: number) => {
      const made = run(name, hoursAgo);
      return { ...made, metadata: { ...made.metadata, ownerReferences: [owner] } };
    };
    const runs = [child('c1', 1), run('s2', 2), child('c3', 30), run('s4', 4)];
    expect(names(expiry(workflow({ succeeded: { count: 1, age: '24h' } }), runs, NOW).expired)).toEqual(['s4']);
  });

  it('lets runs expire by age, and says when the next one does', () => {
    const runs = [run('old', 30), run('young', 20)];
    const { expired, nextAt } = expiry(workflow({ succeeded: { age: '24h' } }), runs, NOW);
    expect(names(expired)).toEqual(['old']);
    expect(nextAt).toBe(NOW + 4 * HOUR);
  });

  it('keeps twenty runs that succeeded and fifty that did not, unless told otherwise', () => {
    const many = Array.from({ length: 60 }, (_, i) => [run(`s${i}`, i), run(`f${i}`, i, false)]).flat();
    const { expired } = expiry(workflow(), many, NOW);
    expect(expired.filter(({ metadata }) => metadata.name.startsWith('s'))).toHaveLength(40);
    expect(expired.filter(({ metadata }) => metadata.name.startsWith('f'))).toHaveLength(10);
  });

  it('deletes at most a hundred at once and says that there are more', () => {
    const many = Array.from({ length: 130 }, (_, i) => run(`s${i}`, i));
    const { expired, more } = expiry(workflow({ succeeded: { count: 0 } }), many, NOW);
    expect([expired.length, more]).toEqual([100, true]);
  });

  it('keeps the run of a slot that its schedule has not decided about yet, or that is queued', () => {
    const slotRun = (hour: number) => {
      const over = run(`slot-${hour}`, hour);
      const origin = { type: 'Schedule' as const, schedule: 's', slot: `2026-11-21T0${hour}:00:00Z` };
      return { ...over, spec: { ...over.spec, origin } };
    };
    const entry = { name: 's', timing: 't', lastSlot: '2026-11-21T03:00:00Z', queued: ['2026-11-21T02:00:00Z'] };
    const none = workflow({ succeeded: { count: 0 }, failed: { count: 0 } });
    const scheduled = { ...none, status: { schedules: [entry] } };
    const { expired } = expiry(scheduled, [1, 2, 3, 4].map(slotRun), NOW);
    expect(names(expired)).toEqual(['slot-1', 'slot-3']);
  });
});

describe('retention of chains', () => {
  /** The runs of a chain, the first one first; all but the last were continued. */
  function chain(root: string, hoursAgo: readonly (number | undefined)[], isAccepted = true): WorkflowRun[] {
    return hoursAgo.map((ago, index) => {
      const made = run(index === 0 ? root : `${root}-c${index}`, ago);
      const isLast = index === hoursAgo.length - 1;
      const next = isLast ? {} : { next: `${root}-c${index + 1}` };
      const before = index === 1 ? root : `${root}-c${index - 1}`;
      const continues = { root, run: before, uid: before, index, since: '' };
      return {
        ...made,
        spec: { ...made.spec, ...(index === 0 ? {} : { continues }) },
        status: {
          ...made.status,
          ...(isLast && !isAccepted ? {} : { state: '{}' }),
          chain: { root, index, ...next },
        },
      };
    });
  }

  const expired = (retention: Retention | undefined, ...runs: readonly WorkflowRun[]) =>
    names(expiry(workflow(retention), runs, NOW).expired);

  it('keeps two of the runs that a live chain has left behind, or as many as are wished', () => {
    const live = chain('l', [5, 4, 3, 2, undefined]);
    expect(expired(undefined, ...live)).toEqual(['l', 'l-c1']);
    expect(expired({ chain: { count: 0 } }, ...live)).toEqual(['l', 'l-c1', 'l-c2', 'l-c3']);
    expect(expired({ chain: { count: 9 } }, ...live)).toEqual([]);
  });

  it('keeps the run before the newest one until that has taken over from it', () => {
    const handingOver = chain('l', [5, 4, 3, undefined], false);
    expect(expired({ chain: { count: 0 } }, ...handingOver)).toEqual(['l', 'l-c1']);
  });

  it('counts a chain as one run, by the end of its newest, and lets it go as a whole', () => {
    const old = chain('old', [9, 8, 7]);
    const runs = [...old, ...chain('new', [3, 2, 1]), run('single', 4)];
    expect(expired({ succeeded: { count: 3 } }, ...runs)).toEqual([]);
    expect(expired({ succeeded: { count: 2 } }, ...runs)).toEqual(['old', 'old-c1', 'old-c2']);
  });

  it('lets a chain of a child run shrink, which its parent keeps', () => {
    const owner = { apiVersion: '', kind: 'WorkflowRun', name: 'parent', uid: 'p', controller: true };
    const owned = chain('l', [5, 4, 3, 2]).map((each) => ({
      ...each,
      metadata: { ...each.metadata, ownerReferences: [owner] },
    }));
    expect(expired({ succeeded: { count: 0 }, chain: { count: 1 } }, ...owned)).toEqual(['l', 'l-c1']);
  });

  it('holds for triggers only the first run of a chain, by which they know it, and the last', () => {
    const runs = chain('l', [5, 4, 3, 2, 1]);
    const { expired: gone } = expiry(workflow({ succeeded: { count: 0 }, chain: { count: 0 } }), runs, NOW, () => true);
    expect(names(gone)).toEqual(['l-c1', 'l-c2', 'l-c3']);
  });

  it('takes the run that is left for the chain when somebody deletes the newest', () => {
    const [first, second] = chain('l', [5, 4, 3]) as [WorkflowRun, WorkflowRun];
    expect(expired({ succeeded: { count: 0 } }, first, second)).toEqual(['l', 'l-c1']);
  });
});
