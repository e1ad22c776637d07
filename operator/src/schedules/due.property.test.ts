import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OVERLAPS, type Overlap, type Schedule } from '../api/index.ts';
import { due, type Memory, type Scheduled } from './due.ts';
import { ruleOf } from './rule.ts';
import { newestSlots, type Slots } from './slots.ts';

/** A step of the world: operators, clock and runs of one schedule. */
type Step =
  /** Time passes, ms. */
  | { readonly type: 'Wait'; readonly ms: number }
  /** The wall clock is changed by `ms`. */
  | { readonly type: 'Set'; readonly ms: number }
  /** An operator decides. It creates this many of the runs and then dies, or creates all and stores its memory. */
  | { readonly type: 'Decide'; readonly who: 0 | 1; readonly dies: number | undefined }
  /** The caches of an operator are updated to the stored state. */
  | { readonly type: 'Hear'; readonly who: 0 | 1 }
  /** The oldest active run ends. */
  | { readonly type: 'End' }
  /** Ended runs are deleted, as far as the stored mark allows it. */
  | { readonly type: 'Retain' }
  | { readonly type: 'Suspend'; readonly on: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('Wait' as const), ms: fc.integer({ min: 1, max: 200_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('Set' as const), ms: fc.integer({ min: -300_000, max: 300_000 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('Decide' as const),
      who: fc.constantFrom(0 as const, 1 as const),
      dies: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined, freq: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('Hear' as const), who: fc.constantFrom(0 as const, 1 as const) }),
  },
  { weight: 4, arbitrary: fc.constant({ type: 'End' as const }) },
  { weight: 2, arbitrary: fc.constant({ type: 'Retain' as const }) },
);

interface Run {
  readonly slot: number;
  isActive: boolean;
}

interface Stored {
  memory: Memory | undefined;
  version: number;
}

const START = 1_800_000_000_000;

/** The API server, two operators with their own caches, and a clock. */
class World {
  readonly #schedule: Omit<Schedule, 'name'>;
  readonly #slots: Slots;
  /** Every run ever created, in order of creation. */
  readonly made: number[] = [];
  readonly #runs = new Map<number, Run>();
  readonly #stored: Stored = { memory: undefined, version: 0 };
  readonly #caches: { memory: Memory | undefined; version: number; runs: readonly Run[] }[] = [
    { memory: undefined, version: 0, runs: [] },
    { memory: undefined, version: 0, runs: [] },
  ];
  now = START;
  suspended = false;
  skipped = 0;
  missed = 0;
  marks: number[] = [];

  constructor(schedule: Omit<Schedule, 'name'>, slots: Slots) {
    this.#schedule = schedule;
    this.#slots = slots;
  }

  get active(): number {
    return [...this.#runs.values()].filter(({ isActive }) => isActive).length;
  }

  get memory(): Memory | undefined {
    return this.#stored.memory;
  }

  take(step: Step): void {
    if (step.type === 'Wait' || step.type === 'Set') this.now += step.ms;
    if (step.type === 'Decide') this.decide(step.who, step.dies);
    if (step.type === 'Hear') this.hear(step.who);
    if (step.type === 'End') this.#end();
    if (step.type === 'Retain') this.#retain();
    if (step.type === 'Suspend') this.suspended = step.on;
  }

  hear(who: 0 | 1): void {
    this.#caches[who] = { ...this.#stored, runs: [...this.#runs.values()].map((run) => ({ ...run })) };
  }

  decide(who: 0 | 1, dies: number | undefined): boolean {
    const cache = this.#caches[who];
    if (!cache) return false;
    const rule = { ...ruleOf({ name: 's', ...this.#schedule }), suspend: this.suspended };
    const scheduled: Scheduled = { rule, slots: this.#slots, timing: 't', delayOf: (slot) => (slot / 1000) % 7 };
    const ask = () => due(scheduled, cache.memory, cache.runs, this.now, START);
    const decision = ask();
    // Like the controller before it acts the first time: its memory is the stored one, or it waits.
    if (decision.start.length > 0 && cache.version !== this.#stored.version) {
      this.hear(who);
      return false;
    }
    const makes = dies === undefined ? decision.start : decision.start.slice(0, dies);
    for (const slot of makes) this.#make(slot);
    if (decision.cancel) for (const run of this.#runs.values()) run.isActive = false;
    if (dies !== undefined) {
      this.hear(who);
      return false;
    }
    if (cache.version !== this.#stored.version) return false;
    this.#stored.memory = decision.memory;
    this.#stored.version++;
    this.marks.push(decision.memory.mark);
    this.skipped += decision.skipped.length;
    this.missed += decision.missed.count;
    return true;
  }

  /** Failures stop: everything that is due is decided, and every run ends. */
  settle(): void {
    for (let turn = 0; turn < 400; turn++) {
      this.hear(0);
      this.decide(0, undefined);
      this.#end();
    }
  }

  #make(slot: number): void {
    // Creating it again fails with AlreadyExists, and finds it.
    if (this.#runs.has(slot)) return;
    this.#runs.set(slot, { slot, isActive: true });
    this.made.push(slot);
  }

  #end(): void {
    const run = [...this.#runs.values()].find(({ isActive }) => isActive);
    if (run) run.isActive = false;
  }

  #retain(): void {
    const { mark = 0, queued = [] } = this.#stored.memory ?? {};
    for (const { slot, isActive } of [...this.#runs.values()]) {
      if (!isActive && slot <= mark && !queued.includes(slot)) this.#runs.delete(slot);
    }
  }
}

/** Every minute, in whole seconds. */
const everyMinute: Slots = { next: (after) => Math.floor(after / 60_000) * 60_000 + 60_000 };

const steps = fc.array(step, { minLength: 5, maxLength: 60 });
const overlap = fc.constantFrom(...OVERLAPS);
const catchUp = fc.constantFrom('None' as const, 'Last' as const, 'All' as const);

/** Runs a world until everything that is due is decided. Its schedule is known since START, unless it is `new`. */
function lived(schedule: Omit<Schedule, 'name'>, taken: readonly Step[], first: 'seen' | 'new' = 'seen'): World {
  const world = new World(schedule, everyMinute);
  if (first === 'seen') world.decide(0, undefined);
  for (const each of taken) world.take(each);
  world.suspended = false;
  // After it is set back, the clock shows earlier times again.
  world.now = Math.max(world.now, ...world.made.map((slot) => slot + 10_000));
  world.settle();
  return world;
}

describe('under any faults of operators, clocks and runs', () => {
  const runs = { numRuns: 1500 };

  it('a slot has at most one run, and the mark never moves back', () => {
    fc.assert(
      fc.property(steps, overlap, catchUp, (taken, overlaps, catches) => {
        const world = lived({ overlap: overlaps as Overlap, catchUp: catches }, taken, 'new');
        expect(new Set(world.made).size).toBe(world.made.length);
        expect(world.marks).toEqual([...world.marks].sort((a, b) => a - b));
      }),
      runs,
    );
  });

  it('every slot has exactly one run with catchUp All, in order or queued', () => {
    const queued = { overlap: 'Queue', maxQueued: 100, catchUp: 'All', maxCatchUp: 1000 } as const;
    const allowed = { overlap: 'Allow', catchUp: 'All', maxCatchUp: 1000 } as const;
    fc.assert(
      fc.property(steps, fc.constantFrom(queued, allowed), (taken, schedule) => {
        const world = lived(schedule, taken);
        const { slots } = newestSlots(everyMinute, START, world.memory?.mark ?? START, 2000);
        expect([...world.made].sort((a, b) => a - b)).toEqual(slots);
      }),
      runs,
    );
  });

  it('every slot is exactly one of started, skipped and missed', () => {
    fc.assert(
      fc.property(steps, overlap, catchUp, (taken, overlaps, catches) => {
        const calm = taken.filter((each) => each.type !== 'Decide' || each.dies === undefined);
        const world = lived({ overlap: overlaps as Overlap, catchUp: catches }, calm);
        const { slots } = newestSlots(everyMinute, START, world.memory?.mark ?? START, 2000);
        expect(world.made.length + world.skipped + world.missed).toBe(slots.length);
      }),
      runs,
    );
  });

  it('suspending and resuming starts no slot twice, and no past slot', () => {
    const toggles = fc.array(
      fc.oneof(
        step,
        fc.boolean().map((on): Step => ({ type: 'Suspend', on })),
      ),
      {
        minLength: 5,
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(toggles, overlap, (taken, overlaps) => {
        const world = lived({ overlap: overlaps as Overlap, catchUp: 'All' }, taken, 'new');
        expect(new Set(world.made).size).toBe(world.made.length);
      }),
      runs,
    );
  });

  it('only overlap Allow has two active runs at once, if operators know the active runs', () => {
    const exclusive = fc.constantFrom('Skip' as const, 'Queue' as const, 'CancelRunning' as const);
    fc.assert(
      fc.property(steps, exclusive, catchUp, (taken, overlaps, catches) => {
        const world = new World({ overlap: overlaps, catchUp: catches }, everyMinute);
        for (const each of taken) {
          if (each.type === 'Decide') world.hear(each.who);
          world.take(each);
          expect(world.active).toBeLessThanOrEqual(1);
        }
      }),
      runs,
    );
  });
});
