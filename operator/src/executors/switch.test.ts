import { describe, expect, it } from 'vitest';
import type { AttemptBackend, RenderedChild, Task } from '../api/index.ts';
import type { LiveAttempt, Observation, Seen } from './executor.ts';
import { type BackendExecutors, ExecutorSwitch } from './switch.ts';

const run = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };
const task: Task = { name: 'a', run: 'true' };
const liveOf = (path: string, backend: AttemptBackend): LiveAttempt => ({ path, attempt: 0, backend, task });
const seenOf = (path: string, phase: 'Unknown' | 'Lost'): Seen => ({ path, attempt: 0, observation: { phase } });

/** Executors that note what they are asked, and that see what they are told to see. */
function setUp(observations: Partial<Record<AttemptBackend, Observation>> = {}, broken?: AttemptBackend) {
  const calls: string[] = [];
  const executorOf = (backend: AttemptBackend) => ({
    start: async () => void calls.push(`start ${backend}`),
    observe: async (_run: unknown, live: readonly LiveAttempt[]) => {
      calls.push(`observe ${backend} ${live.map(({ path }) => path)}`);
      return observations[backend] ?? { seen: [] };
    },
    cancel: async () => void calls.push(`cancel ${backend}`),
    release: async () => {
      if (backend === broken) throw new Error('broken');
      calls.push(`release ${backend}`);
    },
    discard: async () => void calls.push(`discard ${backend}`),
  });
  const executors: BackendExecutors = {
    Pod: executorOf('Pod'),
    Http: executorOf('Http'),
    Child: executorOf('Child'),
    Resource: executorOf('Resource'),
    Signal: executorOf('Signal'),
  } as unknown as BackendExecutors;
  return { calls, executor: new ExecutorSwitch(executors) };
}

describe('the switch between executors', () => {
  it('starts and cancels an attempt by its sort', async () => {
    const { calls, executor } = setUp();
    const rendered: RenderedChild = { backend: 'Child', workflow: 'w', parameters: [] };
    await executor.start(run, { path: 'a', attempt: 0, task, defaults: undefined, rendered });
    await executor.cancel(run, liveOf('a', 'Resource'));
    expect(calls).toEqual(['start Child', 'cancel Resource']);
  });

  it('asks about what is live, and always what exists as an object of the cluster', async () => {
    const idle = setUp();
    await idle.executor.observe(run, []);
    expect(idle.calls).toEqual(['observe Pod ', 'observe Child ']);
    const busy = setUp();
    await busy.executor.observe(run, [liveOf('a', 'Http'), liveOf('b', 'Pod'), liveOf('c', 'Http')]);
    expect(busy.calls).toEqual(['observe Pod b', 'observe Child ', 'observe Http a,c']);
  });

  it('merges what was seen, of each attempt by the executor of its sort alone, and takes the smallest recheck', async () => {
    const { executor } = setUp({
      Pod: { seen: [seenOf('a', 'Unknown'), seenOf('b', 'Unknown')], recheckAfter: 5000 },
      Http: { seen: [seenOf('a', 'Lost')], recheckAfter: 2000 },
    });
    expect(await executor.observe(run, [liveOf('a', 'Http')])).toEqual({
      seen: [seenOf('b', 'Unknown'), seenOf('a', 'Lost')],
      recheckAfter: 2000,
    });
    expect(await setUp().executor.observe(run, [])).toEqual({ seen: [] });
  });

  it('lets all of them let go, also when one of them fails, and says that it did', async () => {
    const { calls, executor } = setUp({}, 'Pod');
    await expect(executor.release(run, () => true)).rejects.toThrow('broken');
    await executor.discard(run);
    expect(calls.sort()).toEqual([
      ...['discard Child', 'discard Http', 'discard Pod', 'discard Resource', 'discard Signal'],
      ...['release Child', 'release Http', 'release Resource', 'release Signal'],
    ]);
  });
});
