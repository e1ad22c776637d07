import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Definition, ForEach, Task } from '../../api/index.ts';
import { MAX_READ_BYTES } from '../bindings/placed-data.ts';
import { drawDefinition } from '../model/definitions.ts';
import { Draws } from '../model/draws.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';
import { decodePlaced, encodePlaced, withPlaced } from './placed.ts';

const V = { name: 'v' };

/** A fan-out whose items hand on a text each, and a task that reads all of them. */
function joining(count: number, reader: Partial<Task>, forEach: Partial<ForEach> = {}): Definition {
  const each = { name: 'each', run: 'true', outputs: [V], forEach: { sequence: { to: count - 1 }, ...forEach } };
  return {
    defaults: { image: 'busybox' },
    parallelism: 1000,
    tasks: [each, { name: 'join', needs: ['each'], ...reader }],
  };
}

const SIZE: Partial<Task> = {
  compute: { count: 'tasks.each.outputs.size()', all: 'tasks.each.outputs.map(o, o.v.size())[0]' },
};
/** Each item hands on so many bytes, some seconds after others. */
const handing =
  (bytes: number) =>
  (path: string): Fate => {
    if (!path.startsWith('each[')) return { end: 'Succeeded' };
    const item = Number(path.replace(/\D/g, ''));
    return { end: 'Succeeded', outputs: `v=${String(item).padEnd(bytes, 'x')}`, afterMs: 1000 + (item % 5) * 1000 };
  };

function run(definition: Definition, fate: (path: string) => Fate, options = {}): Simulation {
  const simulation = new Simulation(definition, { fate, ...options }).run();
  expect(simulation.folded()).toBe(simulation.stored);
  return simulation;
}

const LAST = { name: 'last', needs: ['join'], run: 'true' };

describe('outputs beyond the share of a state', () => {
  it('of 700 items with 200 bytes each are joined by one reader, while the state stays small', () => {
    const definition = joining(700, SIZE);
    const show = { ...LAST, env: { C: '${{ tasks.join.outputs.count }} of ${{ tasks.join.outputs.all }}' } };
    const simulation = new Simulation({ ...definition, tasks: [...definition.tasks, show] }, { fate: handing(200) });
    let largest = 0;
    for (let passes = 0; !simulation.state.finished && passes < 500; passes++) {
      const decision = simulation.pass();
      largest = Math.max(largest, simulation.stored.length);
      if (!decision.more) simulation.now = simulation.nextMoment(decision);
    }
    expect(simulation.phaseOf('last')).toBe('Succeeded');
    expect(simulation.started('last')).toMatchObject({ rendered: { env: { C: '700 of 200' } } });
    expect(simulation.folded()).toBe(simulation.stored);
    expect(largest).toBeLessThan(112 * 1024);
  });

  it('reach the reader in the order of the items, each as it was handed on', () => {
    const definition = joining(60, { run: 'true', env: { ALL: "${{ tasks.each.outputs.map(o, o.v).join(',') }}" } });
    const fate = (path: string): Fate => {
      const item = Number(path.replace(/\D/g, ''));
      if (!path.startsWith('each[')) return { end: 'Succeeded' };
      return { end: 'Succeeded', outputs: `v=${item}`, afterMs: 1000 + ((item * 7) % 13) * 1000 };
    };
    const simulation = run(definition, fate, { shareBytes: 100 });
    const all = Array.from({ length: 60 }, (_, item) => item).join(',');
    expect(simulation.givenTasks).toBeGreaterThan(0);
    expect(simulation.started('join')).toMatchObject({ rendered: { env: { ALL: all } } });
  });

  it('of more than one task may read fail the reader, with the sizes and the remedy, and people are warned before', () => {
    const definition = joining(300, SIZE);
    const simulation = run(definition, handing(4000));
    const { unit } = simulation.state.tasks.get('join') ?? {};
    expect(unit).toMatchObject({ phase: 'Failed', reason: 'OutputsTooLarge' });
    expect(unit?.message).toContain(`one task may read ${MAX_READ_BYTES} bytes`);
    expect(simulation.phaseOf('each')).toBe('Succeeded');
    expect(simulation.warnings).toEqual([expect.stringContaining('the outputs that the task join reads have 73')]);
  });

  it('are not read by a task whose history is damaged: it fails and says so, and the others go on', () => {
    const definition = joining(40, SIZE);
    class Damaged extends Simulation {
      override give() {
        return { damage: 'the RunJournal uid-1 was deleted' };
      }
    }
    const other = { name: 'other', needs: ['each'], run: 'true' };
    const simulation = new Damaged(
      { ...definition, tasks: [...definition.tasks, other] },
      { fate: handing(10), shareBytes: 50 },
    );
    simulation.run();
    const message = 'the outputs of each cannot be read: the RunJournal uid-1 was deleted';
    expect(simulation.state.tasks.get('join')?.unit).toMatchObject({
      phase: 'Failed',
      reason: 'HistoryDamaged',
      message,
    });
    expect(simulation.phaseOf('other')).toBe('Succeeded');
  });

  it('are never replaced by a part of them: a unit that is missing is damage', () => {
    class Partial extends Simulation {
      override give(wanted: Parameters<Simulation['give']>[0]) {
        const given = super.give(wanted);
        if ('damage' in given) return given;
        return { outputs: new Map([...given.outputs].slice(1)) };
      }
    }
    const simulation = new Partial(joining(40, SIZE), { fate: handing(10), shareBytes: 50 }).run();
    expect(simulation.state.tasks.get('join')?.unit).toMatchObject({ phase: 'Failed', reason: 'HistoryDamaged' });
  });

  it('stay in the state where texts are made from them again: an approval shows them at any time', () => {
    const approval = { message: "${{ tasks.each.outputs.map(o, o.v).join(' ') }}", allowUnattested: true };
    const simulation = new Simulation(joining(9, { approval }), { fate: handing(10), shareBytes: 20 });
    while (simulation.phaseOf('join') === 'Waiting') {
      const decision = simulation.pass();
      if (!decision.more) simulation.now = simulation.nextMoment(decision);
    }
    expect(simulation.state.tasks.get('each')?.placed).toBeUndefined();
    expect(simulation.state.tasks.get('each')?.fan?.outputs.size).toBe(9);
  });

  it('have the shapes of those that it holds: of items that were skipped, failed or had none to give, and of whole tasks', () => {
    const optional = [{ ...V, optional: true }];
    const definition = joining(6, { runIf: 'Always' });
    const [each, join] = definition.tasks as [Task, Task];
    const tasks: Task[] = [
      { ...each, outputs: optional, when: 'index != 1', onFailure: 'Continue' },
      { name: 'skipped', when: 'false', run: 'true', outputs: [V], forEach: { items: [1, 2] } },
      { name: 'one', run: 'true', outputs: [V] },
      { name: 'none', run: 'true', outputs: optional },
      {
        ...join,
        needs: ['each', 'skipped', 'one', 'none'],
        run: 'true',
        env: Object.fromEntries(
          ['each', 'skipped', 'one', 'none'].map((name) => [name.toUpperCase(), `\${{ tasks.${name}.outputs }}`]),
        ),
      },
    ];
    const fate = (path: string): Fate => {
      if (path === 'each[2]') return { end: 'Failed' };
      const isEmpty = path === 'each[3]' || path === 'none' || path === 'join';
      return { end: 'Succeeded', outputs: isEmpty ? '' : `v=${path}`, afterMs: path === 'each[5]' ? 3000 : 1000 };
    };
    const [held, placed] = [undefined, 0].map((shareBytes) =>
      run({ ...definition, tasks }, fate, shareBytes === undefined ? {} : { shareBytes }),
    );
    expect([held?.givenTasks, placed?.givenTasks]).toEqual([0, 2]);
    const items = [{ v: 'each[0]' }, null, null, {}, { v: 'each[4]' }, { v: 'each[5]' }];
    for (const simulation of [held, placed]) {
      const start = simulation?.started('join');
      const env = start?.type === 'Start' && start.rendered.backend === 'Pod' ? start.rendered.env : {};
      const read = Object.entries(env).map(([name, text]) => [name, JSON.parse(text)] as const);
      expect(Object.fromEntries(read)).toEqual({ EACH: items, SKIPPED: [], ONE: { v: 'one' }, NONE: {} });
    }
  });

  it('are waited for where the end of a start that is refused depends on them', () => {
    const definition = joining(20, {
      run: 'true',
      pendingTimeout: '5s',
      retry: { limit: 1, when: "reason == 'PendingTimeout' && tasks.each.outputs.size() == 20" },
    });
    const fate = (path: string): Fate => (path === 'join' ? { end: 'Refused', reason: 'Quota' } : handing(40)(path));
    const { state, givenTasks, history } = run(definition, fate, { shareBytes: 100 });
    expect(state.tasks.get('join')?.unit).toMatchObject({ phase: 'Failed', reason: 'PendingTimeout', retries: 1 });
    expect(givenTasks).toBeGreaterThan(1);
    expect(history.filter((text) => text.startsWith('["P"')).length).toBe(2);
  });

  it('are asked for once in each pass that needs them, and released when nobody reads them any more', () => {
    const simulation = run({ ...joining(30, SIZE) }, handing(40), { shareBytes: 100 });
    expect(simulation.givenTasks).toBe(1);
    expect(simulation.state.tasks.get('each')?.placed).toBeUndefined();
  });

  it('hold where each page begins in few bytes', () => {
    const pages = Array.from({ length: 5000 }, (_, index) => 1 + index * 40 + (index % 7));
    let placed = withPlaced(undefined, 1, { v: 'x' });
    for (const page of pages) placed = withPlaced(placed, page, { v: 'x' });
    expect(placed).toEqual({ count: 5001, bytes: 5001 * 9, pages });
    expect(decodePlaced(encodePlaced(placed))).toEqual(placed);
    expect(JSON.stringify(encodePlaced(placed)).length).toBeLessThan(5 * pages.length);
  });
});

/** Where the outputs were decides nothing: what happens is the same, but for where they are kept. */
function withoutPlaces(history: readonly string[]): unknown[] {
  return history
    .map((text) => JSON.parse(text) as unknown[])
    .filter(([code]) => code !== 'L')
    .map((event) => (event[0] === 'O' ? event.slice(0, 4) : event));
}

describe('a run', () => {
  it('goes the same way wherever its outputs are', () => {
    const numbers = fc.array(fc.nat(0xffff), { minLength: 30, maxLength: 200, size: 'max' });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 60 }), (drawn, shareBytes) => {
        const { continueAsNew: _, ...definition } = drawDefinition(new Draws(drawn));
        const fate = (path: string, attempt: number): Fate => {
          const n = (path.length * 7 + attempt * 3) % 10;
          if (n === 0) return { end: 'Failed', exitCode: 3 };
          return {
            end: 'Succeeded',
            outputs: /h$|finally|undo|on-/.test(path) ? '' : `v=${n}`,
            afterMs: 500 + n * 300,
          };
        };
        const ends = (share?: number) => {
          const simulation = new Simulation(definition, {
            fate,
            parameters: { n: 2 },
            ...(share === undefined ? {} : { shareBytes: share }),
          });
          for (let passes = 0; passes < 60 && !simulation.state.finished; passes++) {
            const decision = simulation.pass();
            if (!decision.more) simulation.now = simulation.nextMoment(decision);
          }
          expect(simulation.folded()).toBe(simulation.stored);
          return withoutPlaces(simulation.history);
        };
        expect(ends(shareBytes)).toEqual(ends());
      }),
      { numRuns: 100 },
    );
  });
});
