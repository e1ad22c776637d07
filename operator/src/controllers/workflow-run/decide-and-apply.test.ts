import { describe, expect, it } from 'vitest';
import { UNATTESTED, type WorkflowRun } from '../../api/index.ts';
import { accept, attemptKey, encodeState, plan } from '../../engine/index.ts';
import type { Executor } from '../../executors/index.ts';
import { realClock } from '../../runtime/index.ts';
import { testProofs } from '../testing/proofs.ts';
import { decideAndApply } from './decide-and-apply.ts';
import { RunMemories } from './memory.ts';

const forEach = { items: [0, 1], failFast: true };
const definition = { defaults: { image: 'busybox' }, tasks: [{ name: 'a', run: 'true', forEach }] };
const run = { metadata: { name: 'r', namespace: 'ns', uid: 'u' }, spec: { workflowRef: { name: 'w' } } };
const context = { name: 'r', namespace: 'ns', uid: 'u', workflow: 'w' };

describe('decisions and their answers', () => {
  it('cancel what a first round started when the answer to another start ends the run', async () => {
    const cancelled: string[] = [];
    const executor = {
      start: async (_context: unknown, { path }: { path: string }) =>
        path === 'a[0]' ? { phase: 'Refused', reason: 'PodRejected', message: 'no', retry: false } : undefined,
      cancel: async (_context: unknown, { path, attempt }: { path: string; attempt: number }) => {
        cancelled.push(attemptKey(path, attempt));
      },
    } as unknown as Executor;
    const before = encodeState(accept('d', {}, 0).state);
    const observed = { desiredState: 'Running' as const, attempts: new Map(), recheckAfter: undefined };
    const undecided = {
      run: run as WorkflowRun,
      context: context as never,
      plan: plan(definition, 'd'),
      before,
      journal: undefined,
    };
    const { state } = await decideAndApply(
      {
        executor,
        clock: realClock,
        attests: UNATTESTED,
        proves: testProofs(),
        client: {} as never,
        stores: {} as never,
        memories: new RunMemories(),
      },
      undecided,
      observed,
    );
    expect(state.finished?.phase).toBe('Failed');
    expect(cancelled).toEqual(['a[1]#0']);
  });
});
