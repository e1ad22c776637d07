import { describe, expect, it } from 'vitest';
import { type Definition, decodeEvents, encodeEvents } from '../../api/index.ts';
import { acceptContinuing, decodeState, encodeState } from '../index.ts';
import { MAX_CARRIED_BYTES } from '../state/chain.ts';
import { runChain } from '../testing/chain.ts';
import { Simulation } from '../testing/simulation.ts';

const V = { name: 'v', type: 'Integer' as const };

/** A loop whose state counts its iterations. */
const counting = (
  iterations: number,
  more: Partial<Definition['tasks'][number]> = {},
): Definition['tasks'][number] => ({
  name: 'poll',
  run: 'true',
  loop: { state: { n: '0' }, next: { n: 'state.n + 1' }, while: `state.n < ${iterations}`, maxIterations: 1_000_000 },
  ...more,
});

const definition = (more: Partial<Definition> = {}): Definition => ({
  defaults: { image: 'busybox' },
  continueAsNew: { afterEvents: 100 },
  tasks: [counting(100)],
  ...more,
});

const eventsOf = (simulation: Simulation) => decodeEvents(encodeEvents(simulation.history));

describe('a run that has enough events', () => {
  it('does not continue where an earlier decision on the same state has started something', () => {
    const simulation = new Simulation(definition());
    let decision = simulation.pass();
    const look = (begun: boolean) =>
      simulation.decideOn({ desiredState: 'Running', attempts: simulation.observe(), begun });
    const continues = (events: typeof decision.events) => events.some(({ type }) => type === 'Continuing');
    for (let i = 0; i < 1000 && !continues(look(false).events); i++) {
      decision = simulation.pass();
      if (!decision.more) simulation.now = simulation.nextMoment(decision);
    }
    expect(continues(look(false).events)).toBe(true);
    expect(continues(look(true).events)).toBe(false);
  });
});

describe('a loop that continues by itself', () => {
  const links = runChain(
    definition({
      timeout: '1h',
      tasks: [
        { name: 'before', compute: { v: '7' }, outputs: [V] },
        counting(100, { needs: ['before'], hooks: [{ event: 'Started', run: 'true' }] }),
        {
          name: 'after',
          needs: ['poll', 'before'],
          compute: { v: 'tasks.poll.outputs.n + tasks.before.outputs.v' },
          outputs: [V],
        },
      ],
      finally: [{ name: 'report', run: 'true' }],
    }),
  );
  const last = links.at(-1) as Simulation;

  it('makes every iteration once, whatever run it is in', () => {
    const started = links.flatMap(eventsOf).flatMap((event) => (event.type === 'Started' ? [event.path] : []));
    const iterations = started.filter((path) => path.startsWith('poll/'));
    expect(iterations).toEqual(Array.from({ length: 100 }, (_, index) => `poll/${index}`));
    expect(started.filter((path) => !path.startsWith('poll/'))).toEqual(['poll.on-started', 'report']);
    expect(links.length).toBeGreaterThan(2);
    expect(links.length).toBeLessThan(6);
  });

  it('ends with the result of the whole, and finally runs once, in the last run', () => {
    expect(last.state.finished).toMatchObject({ phase: 'Succeeded', reason: 'Succeeded' });
    const after = eventsOf(last).find((event) => event.type === 'Succeeded' && event.path === 'after');
    expect(after).toMatchObject({ outputs: { v: 107 } });
  });

  it('folds in each run by itself, byte for byte', () => {
    for (const link of links) expect(link.folded()).toBe(link.stored);
  });

  it('says in each run which one it is, and that it was continued', () => {
    expect(links.map(({ state }) => state.link)).toEqual([undefined, ...links.slice(1).map((_, index) => index + 1)]);
    const ends = links.slice(0, -1).map(({ state }) => state.finished);
    for (const end of ends) expect(end).toMatchObject({ phase: 'Succeeded', reason: 'ContinuedAsNew' });
  });

  it('keeps its state as small in the last run as in the second', () => {
    const [, second] = links;
    expect(last.stored.length).toBeLessThan((second?.stored.length ?? 0) * 1.5);
  });

  it('counts its times on, so that the timeout of the run is that of the chain', () => {
    const [first, second] = links;
    const firstTask = (first?.state.at ?? 0) + (first?.state.firstTaskAt ?? 0);
    expect((second?.state.at ?? 0) + (second?.state.firstTaskAt ?? 0)).toBe(firstTask);
    expect(second?.state.firstTaskAt).toBeLessThan(0);
    const timed = runChain(definition({ timeout: '50s' }));
    expect(timed.length).toBeGreaterThan(1);
    expect(timed.at(-1)?.state.finished).toMatchObject({ phase: 'Failed', reason: 'TimedOut' });
    const ran = timed.flatMap(eventsOf).filter(({ type }) => type === 'Started');
    expect(ran.length).toBeLessThan(52);
  });
});

describe('a loop of nothing but expressions', () => {
  it('continues between two of its iterations as well', () => {
    const links = runChain(
      definition({ tasks: [counting(1000, { run: undefined, compute: { v: 'iteration' }, outputs: [V] } as never)] }),
    );
    const paths = links.flatMap(eventsOf).flatMap((event) => (event.type === 'Succeeded' ? [event.path] : []));
    expect(paths.filter((path) => path.startsWith('poll/'))).toEqual(
      Array.from({ length: 1000 }, (_, n) => `poll/${n}`),
    );
    expect(links.length).toBeGreaterThan(5);
    expect(links.at(-1)?.state.finished?.reason).toBe('Succeeded');
  });
});

describe('the boundary at which a run continues', () => {
  it('is not while another task is under way', () => {
    const links = runChain(
      definition({
        tasks: [counting(60), { name: 'nap', sleep: { duration: '45s' } }, { name: 'job', run: 'true' }],
      }),
      { fate: (path) => ({ end: 'Succeeded', afterMs: path === 'job' ? 50_000 : 1000 }) },
    );
    expect(links).toHaveLength(2);
    const [first] = links as [Simulation];
    const ends = eventsOf(first).flatMap((event) =>
      'path' in event && event.type === 'Succeeded' ? [event.path] : [],
    );
    expect(ends).toContain('nap');
    expect(ends).toContain('job');
  });

  it('is not while the run is paused, and comes when it goes on', () => {
    const simulation = new Simulation(definition());
    while (simulation.state.seq < 99) {
      const decision = simulation.pass();
      if (!decision.more) simulation.now = simulation.nextMoment(decision);
    }
    simulation.desiredState = 'Paused';
    simulation.now += 5000;
    simulation.pass();
    simulation.pass();
    expect(simulation.state.continuing).toBeUndefined();
    simulation.desiredState = 'Running';
    simulation.run();
    expect(simulation.state.finished?.reason).toBe('ContinuedAsNew');
  });

  it('never comes without a loop, however many events there are', () => {
    const links = runChain(
      definition({
        tasks: [
          { name: 'wide', run: 'true', forEach: { sequence: { to: 200 } } },
          { name: 'b', run: 'true', needs: ['wide'] },
        ],
      }),
    );
    expect(links).toHaveLength(1);
    expect(links[0]?.state.seq).toBeGreaterThan(400);
  });

  it('is not while an attempt exists that no stored decision has started', () => {
    const simulation = new Simulation(definition());
    while (simulation.state.seq < 101) {
      const decision = simulation.pass();
      if (!decision.more) simulation.now = simulation.nextMoment(decision);
    }
    const loop = simulation.state.tasks.get('poll')?.unit.loop;
    simulation.now += 5000;
    const attempts = new Map(simulation.observe());
    attempts.set(`poll/${(loop?.index ?? 0) + 1}#0`, { phase: 'Running', startedAt: simulation.now });
    const decision = simulation.decideOn({ desiredState: 'Running', attempts });
    expect(decision.state.continuing).toBeUndefined();
    expect(decision.actions).toContainEqual(
      expect.objectContaining({ type: 'Start', path: `poll/${(loop?.index ?? 0) + 1}` }),
    );
  });
});

describe('a run that cannot continue by itself', () => {
  it('goes on, and says why: a workspace would be lost', () => {
    const links = runChain(definition({ workspaces: [{ name: 'work', size: '1Gi' }] as never }));
    expect(links).toHaveLength(1);
    const said = eventsOf(links[0] as Simulation).filter(({ type }) => type === 'NotContinued');
    expect(said[0]).toMatchObject({ message: expect.stringContaining('workspace work') });
    expect(said.length).toBeLessThan(4);
  });

  it('goes on, and says why: there is too much to carry', () => {
    const big = `'${'x'.repeat(1000)}'`;
    const values = Object.fromEntries(Array.from({ length: 3 }, (_, index) => [`v${index}`, big]));
    const many = Array.from({ length: 17 }, (_, index) => ({ name: `t${index}`, compute: values }));
    const reader = {
      name: 'reader',
      needs: ['poll', ...many.map(({ name }) => name)],
      compute: { v: many.map(({ name }) => `size(tasks.${name}.outputs.v0)`).join(' + ') },
    };
    const [only, ...others] = runChain(
      definition({ tasks: [...many, counting(80, { needs: many.map(({ name }) => name) }), reader] }),
    );
    expect(others).toHaveLength(0);
    const said = eventsOf(only as Simulation).find(({ type }) => type === 'NotContinued');
    expect(said).toMatchObject({ message: expect.stringContaining(`more than ${MAX_CARRIED_BYTES}`) });
    expect(only?.state.finished?.reason).toBe('Succeeded');
    expect(only?.folded()).toBe(only?.stored);
  });
});

describe('continueAsNew.when', () => {
  const parameters = [
    { name: 'n', type: 'Integer' as const, default: 0, maximum: 5 },
    { name: 'env', default: 'test' },
  ];
  const tasks = [{ name: 'next', compute: { v: 'params.n + 1' }, outputs: [V] }];
  const given = { n: 0, env: 'prod' } as never;

  it('begins the whole workflow again with new parameters, and carries the others on', () => {
    const links = runChain(
      definition({
        parameters,
        tasks,
        finally: [{ name: 'report', run: 'true' }],
        continueAsNew: { when: 'tasks.next.outputs.v < 4', with: { n: '${{ tasks.next.outputs.v }}' } },
      }),
      { parameters: given },
    );
    expect(links.map(({ state }) => state.parameters)).toEqual([0, 1, 2, 3].map((n) => ({ n, env: 'prod' })));
    expect(links.map(({ state }) => state.finished?.reason)).toEqual([
      ...Array.from({ length: 3 }, () => 'ContinuedAsNew'),
      'Succeeded',
    ]);
    for (const link of links) {
      expect(link.folded()).toBe(link.stored);
      expect(eventsOf(link).filter(({ type }) => type === 'Started')).toHaveLength(1);
    }
  });

  it('fails the run when a new value does not fit, with the place', () => {
    const links = runChain(
      definition({ parameters, tasks, continueAsNew: { when: 'true', with: { n: '${{ params.n + 2 }}' } } }),
      { parameters: given },
    );
    expect(links.at(-1)?.state.finished).toMatchObject({ phase: 'Failed', reason: 'InvalidParameters' });
    expect(links.at(-1)?.state.finished?.message).toContain('spec.continueAsNew.with.n: 6 is more than 5');
  });

  it('fails the run when it has no value, with the place', () => {
    const [only] = runChain(definition({ tasks, parameters, continueAsNew: { when: '1 / params.n > 0' } }), {
      parameters: given,
    });
    expect(only?.state.finished).toMatchObject({ phase: 'Failed', reason: 'ExpressionError' });
    expect(only?.state.finished?.message).toContain('spec.continueAsNew.when');
  });

  it('is not asked of a run that failed or was cancelled', () => {
    const [failed, ...more] = runChain(
      definition({ tasks: [{ name: 'a', run: 'false' }], continueAsNew: { when: 'true' } }),
      {
        fate: () => ({ end: 'Failed' }),
      },
    );
    expect(more).toHaveLength(0);
    expect(failed?.state.finished?.phase).toBe('Failed');
    const cancelled = new Simulation(
      definition({ tasks: [{ name: 'a', run: 'true' }], continueAsNew: { when: 'true' } }),
    );
    cancelled.pass();
    cancelled.desiredState = 'Cancelled';
    cancelled.run();
    expect(cancelled.state.finished?.phase).toBe('Cancelled');
  });

  it('waits with a paused run, and goes on with it', () => {
    const simulation = new Simulation(
      definition({ tasks: [{ name: 'a', run: 'true' }], continueAsNew: { when: 'true' } }),
    );
    simulation.pass();
    simulation.desiredState = 'Paused';
    simulation.now += 2000;
    simulation.pass();
    simulation.pass();
    expect(simulation.state.continuing).toBeUndefined();
    expect(simulation.state.finished).toBeUndefined();
    simulation.desiredState = 'Running';
    simulation.run();
    expect(simulation.state.finished?.reason).toBe('ContinuedAsNew');
  });
});

describe('the run between Continuing and its end', () => {
  it('does nothing, whatever people want, until the next one exists', () => {
    const simulation = new Simulation(
      definition({ tasks: [{ name: 'a', run: 'true' }], continueAsNew: { when: 'true' } }),
    );
    while (!simulation.state.continuing) {
      const decision = simulation.pass();
      if (!decision.more) simulation.now = simulation.nextMoment(decision);
    }
    for (const desiredState of ['Paused', 'Cancelled', 'Terminated'] as const) {
      const decision = simulation.decideOn({ desiredState, attempts: simulation.observe() });
      expect([...decision.encoded, ...decision.actions]).toEqual([]);
    }
    const ended = simulation.decideOn({ desiredState: 'Cancelled', attempts: new Map(), continuedAs: 'run-c1' });
    expect(ended.events).toMatchObject([{ type: 'Finished', phase: 'Succeeded', reason: 'ContinuedAsNew' }]);
    expect(ended.state.finished?.message).toContain('run-c1');
  });

  it('hands on how signals ended, and never begins before the newest event, whatever the clock says', () => {
    const simulation = new Simulation(definition());
    const state = simulation.state;
    state.verdicts.set('u1', { phase: 'Delivered', reason: 'Delivered', task: 'wait' });
    state.continuing = { index: 3, parameters: { n: 1 } };
    state.t = 10_000;
    const next = acceptContinuing(state, state.at - 60_000);
    expect(next.state).toMatchObject({ link: 3, at: state.at + 10_000, parameters: { n: 1 } });
    expect([...next.state.verdicts]).toEqual([['u1', { phase: 'Delivered', reason: 'Delivered', task: 'wait' }]]);
    expect(encodeState(decodeState(encodeState(next.state)))).toBe(encodeState(next.state));
  });
});
