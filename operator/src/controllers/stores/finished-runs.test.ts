import { beforeEach, describe, expect, it } from 'vitest';
import type { WorkflowRun, WorkflowRunStatus } from '../../api/index.ts';
import { accept, encodeState } from '../../engine/index.ts';
import { ApiError, type KubeClient } from '../../runtime/index.ts';
import { keptRun, wholeRun } from './finished-runs.ts';

const { signal } = new AbortController();
const STATE = encodeState(accept('d', {}, 0).state);
const END: WorkflowRunStatus = {
  phase: 'Succeeded',
  finishedAt: '2026-01-01T00:00:09Z',
  conditions: [],
  definition: { digest: 'd', revision: 'w-1' },
  counts: { total: 1, succeeded: 1, failed: 0, running: 0, waiting: 0, skipped: 0, cancelled: 0 },
  tasks: [{ path: 'a', phase: 'Succeeded' }],
  seq: 7,
  state: STATE,
  journal: { firstSeq: 3, pages: 2, newest: { firstSeq: 2, digest: 'x' }, tail: '[{}]' },
} as unknown as WorkflowRunStatus;
const withStatus = (status: WorkflowRunStatus | undefined): WorkflowRun => ({
  apiVersion: '',
  kind: '',
  metadata: { name: 'r', namespace: 'n', uid: 'u' },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
  ...(status ? { status } : {}),
});

let gets: number;
let stored: WorkflowRun | undefined;
const client = {
  get: async () => {
    gets += 1;
    return stored ?? Promise.reject(new ApiError(404, { reason: 'NotFound' }));
  },
} as unknown as KubeClient;

beforeEach(() => {
  gets = 0;
  stored = withStatus(END);
});

describe('a finished run in the cache', () => {
  it('keeps its outcome and the marks of its pages, without state, rows and events', () => {
    const { status } = keptRun(withStatus(END));
    const { state: _state, tasks: _tasks, ...kept } = END;
    expect(status).toEqual({ ...kept, journal: { ...END.journal, tail: '' } });
    expect(JSON.stringify(status)).not.toContain('tasks');
  });

  it('is read from the API server where its state is needed', async () => {
    expect(await wholeRun(client, keptRun(withStatus(END)), signal)).toEqual(withStatus(END));
    expect(gets).toBe(1);
  });

  it('is gone when the API server has no run of its name, or another one', async () => {
    stored = undefined;
    expect(await wholeRun(client, keptRun(withStatus(END)), signal)).toBeUndefined();
    stored = { ...withStatus(END), metadata: { name: 'r', namespace: 'n', uid: 'later' } };
    expect(await wholeRun(client, keptRun(withStatus(END)), signal)).toBeUndefined();
  });
});

describe('a run that the cache keeps whole', () => {
  const { finishedAt: _finishedAt, ...running } = END;
  const { seq: _seq, state: _state, journal: _journal, ...refused } = END;

  it.each([
    ['has not finished', withStatus(running)],
    ['has no status', withStatus(undefined)],
    ['was refused before it began', withStatus(refused)],
    ['was continued by another', withStatus({ ...END, chain: { root: 'r', index: 0, next: 'r-c1' } })],
  ])('%s, and costs no request', async (_why, run) => {
    expect(keptRun(run)).toBe(run);
    expect(await wholeRun(client, run, signal)).toBe(run);
    expect(gets).toBe(0);
  });
});
