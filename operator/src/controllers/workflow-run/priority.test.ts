import { describe, expect, it } from 'vitest';
import type { WorkflowRun } from '../../api/index.ts';
import { foundPriority, priorityOf } from './priority.ts';

const run = (more: {
  status?: Partial<NonNullable<WorkflowRun['status']>>;
  desiredState?: WorkflowRun['spec']['desiredState'];
  deletionTimestamp?: string;
}): WorkflowRun =>
  ({
    metadata: { name: 'r', ...(more.deletionTimestamp ? { deletionTimestamp: more.deletionTimestamp } : {}) },
    spec: { workflowRef: { name: 'w' }, desiredState: more.desiredState ?? 'Running' },
    status: more.status,
  }) as WorkflowRun;

describe('the priority of a run', () => {
  it('is that of new work until it has begun', () => {
    expect(priorityOf(run({}))).toBe('new');
    expect(priorityOf(run({ status: { phase: 'Pending' } }))).toBe('new');
    expect(priorityOf(run({ status: { state: '{}' } }))).toBe('running');
  });

  it('is that of running work when it is to be stopped or deleted before it has begun', () => {
    expect(priorityOf(run({ desiredState: 'Cancelled' }))).toBe('running');
    expect(priorityOf(run({ deletionTimestamp: '2026-01-01T00:00:00Z' }))).toBe('running');
  });

  it('is the lowest for one that is found over, and not for one that just ended', () => {
    const over = run({ status: { state: '{}', finishedAt: '2026-01-01T00:00:00Z' } });
    expect([foundPriority(over), priorityOf(over)]).toEqual(['resync', 'running']);
    expect(foundPriority(run({}))).toBe('new');
  });
});
