import { describe, expect, it } from 'vitest';
import type { Backfill, BackfillStatus, WorkflowRun } from '../../api/index.ts';
import { createStores } from '../stores/stores.ts';
import { isKeptForBackfill } from './backfill-window.ts';

const backfill = (status: BackfillStatus, order: 'OldestFirst' | 'NewestFirst' = 'OldestFirst'): Backfill => ({
  apiVersion: '',
  kind: 'Backfill',
  metadata: { name: 'b', namespace: 'n', uid: 'b' },
  spec: {
    ...{ workflow: 'w', schedule: 's', order, desiredState: 'Running' },
    ...{ from: '2026-03-02T00:00:00Z', to: '2026-03-05T00:00:00Z' },
  },
  status,
});

const run = (day: number, schedule = 's') =>
  ({
    metadata: { name: `w-${day}`, namespace: 'n' },
    spec: { workflowRef: { name: 'w' }, origin: { type: 'Schedule', schedule, slot: `2026-03-0${day}T03:00:00Z` } },
  }) as WorkflowRun;

/** The days whose runs retention must keep. */
function held(of: Backfill): number[] {
  const stores = createStores(false);
  stores.backfills.replace([{ key: 'n/b', uid: 'b', resourceVersion: '1', value: of }]);
  return [1, 2, 3, 4, 5].filter((day) => isKeptForBackfill(stores, run(day)));
}

describe('a run in the window of a Backfill', () => {
  it('is kept until the Backfill has come to it', () => {
    expect(held(backfill({}))).toEqual([2, 3, 4]);
    expect(held(backfill({ cursor: '2026-03-02T03:00:00Z' }))).toEqual([3, 4]);
    expect(held(backfill({ cursor: '2026-03-04T03:00:00Z' }, 'NewestFirst'))).toEqual([2, 3]);
  });

  it('is kept while the Backfill counts it among those under way', () => {
    const active = ['2026-03-02T03:00:00Z'];
    expect(held(backfill({ cursor: '2026-03-03T03:00:00Z', active }))).toEqual([2, 4]);
  });

  it('is not kept for one that is over, or for another schedule', () => {
    expect(held(backfill({ finishedAt: '2026-03-06T00:00:00Z' }))).toEqual([]);
    const stores = createStores(false);
    stores.backfills.replace([{ key: 'n/b', uid: 'b', resourceVersion: '1', value: backfill({}) }]);
    expect(isKeptForBackfill(stores, run(3, 'other'))).toBe(false);
  });
});
