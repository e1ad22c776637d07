import { describe, expect, it } from 'vitest';
import { UNATTESTED, type WorkflowRun } from '../../api/index.ts';
import { accept, attemptKey, encodeState, plan } from '../../engine/index.ts';
import type { Executor } from '../../executors/index.ts';
import { realClock } from '../../runtime/index.ts';
import { testProofs } from '../testing/proofs.ts';
import { decideAndApply } from './decide-and-apply.ts';
import type { RunDeps } from './deps.ts';
import { RunMemories } from './memory.ts';
import { type ObservedRun, observeAttempts } from './observe.ts';

const forEach = { items: [0, 1], failFast: true };
const definition = { defaults: { image: 'busybox' }, tasks: [{ name: 'a', run: 'true', forEach }] };
const run = { metadata: { name: 'r', namespace: 'ns', uid: 'u' }, spec: { workflowRef: { name: 'w' } } };
const context = { name: 'r', namespace: 'ns', uid: 'u', workflow: 'w' };

const proven = {
  clock: realClock,
  attests: UNATTESTED,
  proves: testProofs(),
  client: {} as never,
  stores: {} as never,
};
const found = { run: run as WorkflowRun, context: context as never, journal: undefined };

describe('decisions and their answers', () => {
  it('note that something was begun which the last of them leaves out, until the caches must know it', async () => {
    const started: string[] = [];
    const executor = {
      start: async (_context: unknown, { path }: { path: string }) => {
        started.push(path);
        return path === 'a[0]' ? { phase: 'Refused', reason: 'Quota', message: 'no', retry: true } : undefined;
      },
      observe: async () => ({ seen: [] }),
    } as unknown as Executor;
    const memories = new RunMemories();
    const compiled = plan({ ...definition, tasks: [{ ...definition.tasks[0], name: 'a', run: 'true' }] }, 'd');
    const { state: accepted } = accept('d', {}, 0);
    const before = encodeState(accepted);
    const observed: ObservedRun = { desiredState: 'Running', attempts: new Map(), recheckAfter: undefined };
    const undecided = { ...found, plan: compiled, before };
    const { state } = await decideAndApply({ ...proven, executor, memories }, undecided, observed);
    expect(started).toEqual(['a[0]', 'a[1]']);
    expect([...(state.tasks.get('a')?.fan?.live.keys() ?? [])], 'recorded').toEqual([0]);

    const deps = { ...proven, executor, memories } as unknown as RunDeps;
    const again = await observeAttempts(deps, context as never, run as WorkflowRun, compiled, state);
    expect(again.begun).toBe(true);
    expect(again.recheckAfter).toBeGreaterThan(0);
    memories.of('u').begunAt = realClock.monotonic() - 3_600_000;
    const later = await observeAttempts(deps, context as never, run as WorkflowRun, compiled, state);
    expect(later).toMatchObject({ begun: false, recheckAfter: undefined });
  });

  const continued = {
    ...definition,
    tasks: definition.tasks.map((task) => ({ ...task, onFailure: 'Continue' as const })),
    continueAsNew: { afterEvents: 5000, when: 'true' },
  };
  it.each([
    ['ends the run', definition, 'finished'],
    ['has the run continued by another', continued, 'continuing'],
  ] as const)('cancel what a first round started when the answer to another start %s', async (_what, of, end) => {
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
    const undecided = { ...found, plan: plan(of, 'd'), before };
    const { state } = await decideAndApply({ ...proven, executor, memories: new RunMemories() }, undecided, observed);
    expect(state[end]).toBeDefined();
    expect(cancelled).toEqual(['a[1]#0']);
  });
});
