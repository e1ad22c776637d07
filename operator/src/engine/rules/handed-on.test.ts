import { describe, expect, it } from 'vitest';
import type { Definition } from '../../api/index.ts';
import { decodeEvents, encodeEvents } from '../../api/index.ts';
import { copyOf, type Given, handedOnBy, outputsIn } from '../index.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

const SHARDS = 400;
const BAD = 7;
const definition: Definition = {
  defaults: { image: 'busybox' },
  parallelism: 1000,
  tasks: [
    { name: 'plan', run: 'true', outputs: [{ name: 'v' }] },
    {
      name: 'shard',
      needs: ['plan'],
      run: 'true',
      outputs: [{ name: 'v' }],
      forEach: { sequence: { to: SHARDS - 1 } },
    },
    {
      name: 'join',
      needs: ['shard'],
      run: 'true',
      env: {
        COUNT: '${{ tasks.shard.outputs.filter(o, o.v.size() == 200).size() }}',
        SOME: "${{ [0, 7, 399].map(n, tasks.shard.outputs[n].v.split('-')[0]).join(' ') }}",
        PLAN: '${{ tasks.plan.outputs.v }}',
      },
    },
  ],
};

const outputFor = (path: string) => `v=${`${path.replace(/\D/g, '')}-`.padEnd(200, 'x')}`;
const fate = (path: string, isBad: boolean): Fate => {
  if (isBad && path === `shard[${BAD}]`) return { end: 'Failed', exitCode: 1 };
  return path === 'join' ? { end: 'Succeeded' } : { end: 'Succeeded', outputs: outputFor(path) };
};

const eventsOf = ({ history }: Simulation) => decodeEvents(encodeEvents(history));

/** What a retry of a run takes over in which all but one of the shards are well. */
function takenFrom(first: Simulation) {
  const events = eventsOf(first);
  const evidence = { outputs: outputsIn(events), answered: new Map() };
  const reuse = { whole: new Set(['plan']), partly: new Set(['shard']), asked: new Set<string>(), again: new Map() };
  const copy = copyOf(first.plan, first.state, reuse, 'first', evidence);
  if (!copy || 'problem' in copy) throw new Error(copy?.problem ?? 'nothing');
  return { copied: copy.event, earlier: { outputs: handedOnBy(first.state, events) } };
}

function retried(first: Simulation, earlier?: Given): Simulation {
  const taken = takenFrom(first);
  const options = { ...taken, ...(earlier ? { earlier } : {}) };
  const simulation = new Simulation(definition, { ...options, fate: (path) => fate(path, false) }).run();
  expect(simulation.folded()).toBe(simulation.stored);
  return simulation;
}

const failed = new Simulation(definition, { fate: (path) => fate(path, true) }).run();

describe('a retry of a run in which 1 of 400 shards failed', () => {
  it('takes over what the others handed on, in events of its own, and repeats that one alone', () => {
    const { copied } = takenFrom(failed);
    expect(copied.tasks.shard).toMatchObject({ phase: 'Partly', later: true });
    expect(JSON.stringify(copied).length).toBeLessThan(24 * 1024);
    const again = retried(failed);
    expect([...again.pods.keys()]).toEqual([`shard[${BAD}]#0`, 'join#0']);
    expect(again.state.finished?.phase).toBe('Succeeded');
    expect(again.started('join')).toMatchObject({
      rendered: { env: { COUNT: '400', SOME: '0 7 399', PLAN: outputFor('').slice(2) } },
    });
  });

  it('starts nothing before all of it is taken over, in passes that stay within their bounds', () => {
    const again = retried(failed);
    const types = eventsOf(again).map(({ type }) => type);
    expect(types.lastIndexOf('HandedOn')).toBeLessThan(types.indexOf('Started'));
    expect(types.filter((type) => type === 'HandedOn').length).toBeGreaterThan(8);
    for (const { events } of again.pages.pages) expect(events.length).toBeLessThan(48 * 1024);
  });

  it('can be retried itself: what it took over is in its own history', () => {
    const { copied, earlier } = takenFrom(failed);
    const second = new Simulation(definition, { copied, earlier, fate: (path) => fate(path, true) }).run();
    const third = retried(second);
    expect(third.started('join')).toMatchObject({ rendered: { env: { COUNT: '400', SOME: '0 7 399' } } });
  });

  it.each([
    ['is gone', { damage: 'the run first was deleted' }, 'the run first was deleted'],
    ['has no record of it', { outputs: new Map() }, 'no outputs of shard on record'],
  ])('stops before anything starts where the first run %s', (_what, earlier: Given, why) => {
    const again = retried(failed, earlier);
    const message = expect.stringContaining(why);
    expect(again.state.finished).toMatchObject({ phase: 'Failed', reason: 'InvalidOrigin', message });
    expect(again.pods.size).toBe(0);
  });
});
