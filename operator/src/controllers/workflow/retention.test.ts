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
