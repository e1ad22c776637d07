import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Definition, Task } from '../api/index.ts';
import { isTerminal, type RunState } from './index.ts';
import { type Fate, Simulation } from './testing/simulation.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const RETRY_LIMIT = 2;

/** Tasks whose needs are earlier ones, so that every definition is a graph without cycles. */
const definitions: fc.Arbitrary<Definition> = fc
  .array(
    fc.record({
      needs: fc.subarray(NAMES),
      runIf: fc.constantFrom('Succeeded' as const, 'Failed' as const, 'Always' as const),
      onFailure: fc.constantFrom('Fail' as const, 'Continue' as const),
      items: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
      parallelism: fc.integer({ min: 1, max: 3 }),
      retry: fc.boolean(),
      timeout: fc.option(fc.constantFrom('2s', '30s'), { nil: undefined }),
      when: fc.constantFrom(undefined, 'true', 'false'),
    }),
    { minLength: 1, maxLength: NAMES.length },
  )
  .chain((shapes) =>
    fc.record({
      parallelism: fc.integer({ min: 1, max: 5 }),
      timeout: fc.constantFrom(undefined, '20s', '1h'),
      shapes: fc.constant(shapes),
    }),
  )
  .map(({ shapes, parallelism, timeout }) => ({
    defaults: { image: 'busybox' },
    parallelism,
    ...(timeout ? { timeout } : {}),
    tasks: shapes.map(({ needs, items, parallelism: width, retry, timeout: limit, when, ...rest }, index): Task => {
      const earlier = NAMES.slice(0, index);
      return {
        name: NAMES[index] ?? '',
        run: 'true',
        needs: needs.filter((name) => earlier.includes(name)),
        ...rest,
        ...(items === undefined
          ? {}
          : { forEach: { items: Array.from({ length: items }, (_, i) => i), parallelism: width } }),
        ...(retry ? { retry: { limit: RETRY_LIMIT, backoff: { duration: '1s' } } } : {}),
        ...(limit ? { timeout: limit } : {}),
        ...(when ? { when } : {}),
      };
    }),
  }));

const fate: fc.Arbitrary<Fate> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ end: fc.constant('Succeeded' as const), afterMs: fc.integer({ min: 0, max: 4000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ end: fc.constant('Failed' as const), afterMs: fc.integer({ min: 0, max: 4000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ end: fc.constant('Infrastructure' as const), afterMs: fc.integer({ min: 0, max: 4000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ end: fc.constant('Lost' as const), afterMs: fc.integer({ min: 0, max: 4000 }) }),
  },
);

/** What can happen between two reconciles, or in the middle of one. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('crash' as const), after: fc.integer({ min: 0, max: 4 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: -5000, max: 9000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('desire' as const),
      to: fc.constantFrom('Running' as const, 'Paused' as const),
    }),
  },
);
const ending = fc.constantFrom('Running' as const, 'Cancelled' as const, 'Terminated' as const);

/** No two attempts of one unit may run at once; an attempt is created once, whatever crashed. */
function checkPods(simulation: Simulation): void {
  const live = new Map<string, number>();
  for (const pod of simulation.pods.values()) {
    const open = !pod.gone && simulation.observe().get(`${pod.path}#${pod.attempt}`)?.phase === 'Running';
    if (open && pod.cancelledAt === undefined) live.set(pod.path, (live.get(pod.path) ?? 0) + 1);
  }
  for (const [path, count] of live) expect(count, `live attempts of ${path}`).toBeLessThanOrEqual(1);
}

const isAdopted = (simulation: Simulation, task: string): boolean =>
  simulation.history.some((text) => text.startsWith('["S",') && text.includes(`"${task}`) && text.endsWith(',true]'));

function checkState(simulation: Simulation, before: RunState): void {
  const { state, plan } = simulation;
  for (const [name, { unit, fan }] of state.tasks) {
    const earlier = before.tasks.get(name)?.unit;
    if (earlier && isTerminal(earlier)) expect(unit.phase, `${name} was over`).toBe(earlier.phase);
    for (const inFlight of fan ? fan.live.values() : [unit]) expect(inFlight.retries).toBeLessThanOrEqual(RETRY_LIMIT);
    const begun = unit.attempt >= 0 || fan !== undefined;
    const needs = plan.tasks.get(name)?.task.needs ?? [];
    // What was created just before a crash is a fact, also when the decision that came with it was lost.
    if (begun && !isAdopted(simulation, name)) {
      for (const need of needs) expect(isTerminal(state.tasks.get(need)!.unit), `${need} before ${name}`).toBe(true);
    }
    if (fan) expect(fan.live.size).toBeLessThanOrEqual((plan.tasks.get(name)?.task.forEach?.parallelism ?? 100) + 4);
  }
  if (before.finished) expect(state.finished).toEqual(before.finished);
}

describe('the engine, over random workflows, failures, crashes, clocks and people', () => {
  it('keeps its invariants, always ends, and its history folds to its state byte for byte', () => {
    fc.assert(
      fc.property(
        definitions,
        fc.array(fate, { minLength: 1, maxLength: 20 }),
        fc.array(step, { maxLength: 40 }),
        ending,
        (definition, fates, steps, end) => {
          let next = 0;
          const known = new Map<string, Fate>();
          const simulation = new Simulation(definition, {
            fate: (path, attempt) => {
              const key = `${path}#${attempt}`;
              if (!known.has(key)) known.set(key, fates[next++ % fates.length]!);
              return known.get(key)!;
            },
          });
          for (const happening of steps) {
            const before = simulation.state;
            if (happening.kind === 'time') simulation.now += happening.ms;
            if (happening.kind === 'desire') simulation.desiredState = happening.to;
            if (happening.kind === 'crash') simulation.apply(simulation.decide().actions, happening.after);
            if (happening.kind === 'pass') simulation.pass();
            checkPods(simulation);
            checkState(simulation, before);
          }
          simulation.desiredState = end;
          simulation.run(2000);
          expect(simulation.folded()).toBe(simulation.stored);
          for (const pod of simulation.pods.values()) {
            const attempts = [...simulation.pods.values()].filter(({ path }) => path === pod.path).length;
            expect(attempts).toBeLessThanOrEqual(1 + RETRY_LIMIT + 5);
          }
          const quiet = simulation.pass();
          expect([quiet.events, quiet.actions]).toEqual([[], []]);
        },
      ),
      { numRuns: Number(process.env.ADO_PROPERTY_RUNS ?? 1500) },
    );
  });
});
