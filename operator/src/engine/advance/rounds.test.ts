import { describe, expect, it } from 'vitest';
import { accept, decide, type Observed, plan } from '../index.ts';
import { task, workflow } from '../testing/whole-run.ts';

const identity = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };

describe('a decision after which nothing new may start', () => {
  const decideOn = (tasks: Parameters<typeof workflow>[0]) => {
    const observed: Observed = { desiredState: 'Running', attempts: new Map(), only: new Set() };
    return decide(identity, plan(workflow(tasks), 'd'), accept('d', {}, 0).state, observed, 0);
  };

  it('starts nothing, and says that there is more', () => {
    expect(decideOn([task('a')])).toMatchObject({ events: [], actions: [], more: true });
  });

  it('still fails a task whose expressions fail, so that what follows from it comes', () => {
    const { events, actions } = decideOn([task('a', { env: { V: '${{ 1 / 0 }}' } })]);
    expect(events).toMatchObject([{ type: 'Failed', path: 'a' }, { type: 'Finished' }]);
    expect(actions).toEqual([]);
  });
});
