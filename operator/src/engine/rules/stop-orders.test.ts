import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AttemptObservation, Definition, DesiredState, Task } from '../../api/index.ts';
import { attemptKey, type Decision, unitRows } from '../index.ts';
import { newFan, newUnit } from '../state/state.ts';
import { causeOfItems } from '../state/walk.ts';
import { type Fate, Simulation } from '../testing/simulation.ts';

/** When each order is given, in milliseconds since the run began: in the middle of a second, as nodes write them. */
const ORDER = 5400;
const TIMEOUT = '5400ms';
const task = (name: string, rest: Partial<Task> = {}): Task => ({ name, run: 'sleep 600', ...rest });
const leaf = { 'Local/leaf@': { tasks: [task('p')] } };

/** One way in which an attempt is told to stop, and what becomes of it. */
interface Order {
  readonly who: string;
  readonly definition: Partial<Definition> & { tasks: Task[] };
  /** The attempt that is told; it answers with exit code 0. */
  readonly path: string;
  readonly desired?: DesiredState;
  readonly overBudget?: true;
  /** What the attempts are seen as until the order. */
  readonly before?: AttemptObservation['phase'];
  /** Another one fails when the order is given. */
  readonly fails?: string;
  readonly event: 'Failed' | 'Cancelled' | 'Retrying';
  readonly reason: string;
}

const template = { name: 'leaf', kind: 'Local' } as const;
const loop = { until: 'false', delay: '1s' };
const forEach = { items: [0, 1] };

const ORDERS: readonly Order[] = [
  {
    who: 'the timeout of a task',
    definition: { tasks: [task('a', { timeout: TIMEOUT })] },
    path: 'a',
    event: 'Failed',
    reason: 'TimedOut',
  },
  {
    who: 'the timeout of defaults',
    definition: { tasks: [task('a')], defaults: { image: 'busybox', timeout: TIMEOUT } },
    path: 'a',
    event: 'Failed',
    reason: 'TimedOut',
  },
  {
    who: 'attemptTimeout',
    definition: { tasks: [task('a', { attemptTimeout: TIMEOUT })] },
    path: 'a',
    event: 'Failed',
    reason: 'AttemptTimedOut',
  },
  {
    who: 'attemptTimeout, with retries',
    definition: { tasks: [task('a', { attemptTimeout: TIMEOUT, retry: { limit: 1 } })] },
    path: 'a',
    event: 'Retrying',
    reason: 'AttemptTimedOut',
  },
  {
    who: 'pendingTimeout',
    definition: { tasks: [task('a', { pendingTimeout: TIMEOUT })] },
    path: 'a',
    before: 'Pending',
    event: 'Failed',
    reason: 'PendingTimeout',
  },
  {
    who: 'the timeout of each item',
    definition: { tasks: [task('a', { forEach, timeout: TIMEOUT })] },
    path: 'a[1]',
    event: 'Failed',
    reason: 'TimedOut',
  },
  {
    who: 'the timeout of a template',
    definition: { tasks: [{ name: 'a', template, timeout: TIMEOUT }], library: leaf },
    path: 'a/p',
    event: 'Cancelled',
    reason: 'TimedOut',
  },
  {
    who: 'the timeout of a template that is an item',
    definition: { tasks: [{ name: 'a', template, forEach, timeout: TIMEOUT }], library: leaf },
    path: 'a[0]/p',
    event: 'Cancelled',
    reason: 'TimedOut',
  },
  {
    who: 'the timeout of a loop',
    definition: { tasks: [task('a', { loop, timeout: TIMEOUT })] },
    path: 'a/0',
    event: 'Cancelled',
    reason: 'TimedOut',
  },
  {
    who: 'failFast',
    definition: { tasks: [task('a', { forEach: { ...forEach, failFast: true } })] },
    path: 'a[1]',
    fails: 'a[0]',
    event: 'Cancelled',
    reason: 'FailFast',
  },
  {
    who: 'failFast, inside of items',
    definition: { tasks: [{ name: 'a', template, forEach: { ...forEach, failFast: true } }], library: leaf },
    path: 'a[1]/p',
    fails: 'a[0]/p',
    event: 'Cancelled',
    reason: 'FailFast',
  },
  {
    who: 'the timeout of the run',
    definition: { tasks: [task('a')], timeout: TIMEOUT },
    path: 'a',
    event: 'Cancelled',
    reason: 'TimedOut',
  },
  {
    who: 'desiredState: Cancelled',
    definition: { tasks: [task('a')] },
    desired: 'Cancelled',
    path: 'a',
    event: 'Cancelled',
    reason: 'Cancelled',
  },
  {
    who: 'a status that becomes too large',
    definition: { tasks: [task('a')] },
    overBudget: true,
    path: 'a',
    event: 'Cancelled',
    reason: 'StatusTooLarge',
  },
  {
    who: 'a timeout of a task that starts a run',
    definition: { tasks: [{ name: 'a', workflow: { name: 'child' }, timeout: TIMEOUT }] },
    path: 'a',
    event: 'Failed',
    reason: 'TimedOut',
  },
];

/** A run in which the attempt of `path` was told to stop and has not answered. */
class Ordered {
  readonly simulation: Simulation;
  /** The pass that gave the order. */
  readonly ordered: Decision;
  readonly #order: Order;
  readonly #begin: number;

  constructor(order: Order) {
    this.#order = order;
    const fate = (path: string): Fate => (path === order.fails ? { end: 'Failed', afterMs: ORDER } : { end: 'Never' });
    const definition = { defaults: { image: 'busybox' }, ...order.definition };
    this.simulation = new Simulation(definition, { fate });
    this.#begin = this.simulation.now;
    for (let more = true; more; ) more = this.#pass({}).more;
    this.simulation.now += ORDER;
    this.simulation.desiredState = order.desired ?? 'Running';
    this.ordered = this.#pass(order.overBudget ? { overBudget: true } : {});
  }

  /** Carries out what is still to be done of the order. */
  carriedOut(): Decision {
    let decision = this.ordered;
    while (decision.more) decision = this.#pass({});
    return decision;
  }

  /** What is recorded once the attempt is seen to have ended with success at a time, in milliseconds since the begin. */
  endedAt(ms: number): Decision['events'][number] | undefined {
    this.carriedOut();
    this.simulation.now += 3000;
    const finishedAt = this.#begin + ms;
    const ended = { phase: 'Succeeded', message: '', startedAt: this.#begin, finishedAt } as const;
    return this.#pass({ ended }).events.find((event) => 'path' in event && event.path === this.#order.path);
  }

  #pass({ ended, overBudget }: { ended?: AttemptObservation; overBudget?: true }): Decision {
    const { simulation } = this;
    const { before, path } = this.#order;
    const attempts = simulation.observe();
    for (const [key, seen] of attempts) {
      const isFailed = seen.phase === 'Failed' && seen.reason === 'ExitCode';
      const running = { phase: 'Running', startedAt: this.#begin } as const;
      if (!isFailed) attempts.set(key, before === 'Pending' ? { phase: 'Pending', since: this.#begin } : running);
    }
    if (ended) attempts.set(attemptKey(path, 0), ended);
    const observed = { desiredState: simulation.desiredState, attempts };
    const decision = simulation.decideOn(overBudget ? { ...observed, overBudget } : observed);
    simulation.apply(decision.actions);
    simulation.report(decision);
    expect(simulation.folded()).toBe(simulation.stored);
    return decision;
  }
}

const cancels = ({ actions }: Decision): string[] => actions.flatMap((it) => (it.type === 'Cancel' ? [it.path] : []));
const givesOrder = ({ events }: Decision): boolean =>
  events.some(({ type }) => type === 'Stopping' || type === 'RunStopping');

describe.each(ORDERS)('an attempt that is told to stop by $who', (order) => {
  const { path, event, reason } = order;

  it('is told', () => {
    const run = new Ordered(order);
    expect([...cancels(run.ordered), ...cancels(run.carriedOut())]).toContain(path);
  });

  it('is told only once the order is stored, so that a restart does not forget it', () => {
    const { ordered } = new Ordered(order);
    if (givesOrder(ordered) && !order.overBudget) expect(cancels(ordered)).toEqual([]);
  });

  it.each([
    ['after the order', 7000, /only after it was told to stop/],
    ['in the second of the order, for the clocks cannot tell', 5000, /clocks cannot tell/],
  ])('ends as the order says when it succeeds %s, and says so', (_when, ms, why) => {
    const seen = new Ordered(order).endedAt(ms);
    expect(seen).toMatchObject({ type: event });
    const failure = seen && 'failure' in seen ? seen.failure : (seen as { reason: string; message: string });
    expect(failure).toMatchObject({ reason, message: expect.stringMatching(why) });
  });

  it('has succeeded when it had ended before the order, though it is seen later', () => {
    expect(new Ordered(order).endedAt(4000)).toMatchObject({ type: 'Succeeded' });
    expect(new Ordered(order).endedAt(5399)).toMatchObject({ type: 'Succeeded' });
  });
});

describe('the table of orders', () => {
  it('has every reason for which a rule orders a stop', () => {
    const rules = readdirSync(import.meta.dirname).filter((name) => /^[a-z-]+\.ts$/.test(name));
    const ordered = rules.flatMap((name) => {
      const text = readFileSync(join(import.meta.dirname, name), 'utf8');
      return [...text.matchAll(/type: '(?:Run)?Stopping',[^}]*?reason: '(\w+)'/g)].map(([, reason = '']) => reason);
    });
    expect(ordered.length).toBeGreaterThanOrEqual(7);
    const known = new Set([...ORDERS.map(({ reason }) => reason), 'Terminated']);
    expect(ordered.filter((reason) => !known.has(reason))).toEqual([]);
  });
});

describe('failFast of a run with more failures than are kept', () => {
  it('counts from the begin of the fan-out, since no item is sure to have ended before the first failure', () => {
    const fan = newFan(60);
    fan.failed.push([7, 7]);
    const state = { unit: { ...newUnit(), startedAt: 1234 }, fan };
    const planned = { task: task('a', { forEach: { items: [0], failFast: true } }) };
    expect(causeOfItems(planned, state)).toMatchObject({ reason: 'FailFast', t: 1234 });
  });
});

describe('an attempt that is told to stop twice', () => {
  it('ended after the first order, however late the second is', () => {
    const order: Order = {
      who: '',
      definition: { tasks: [task('a', { timeout: TIMEOUT })] },
      path: 'a',
      event: 'Cancelled',
      reason: 'Cancelled',
    };
    const run = new Ordered(order);
    run.carriedOut();
    run.simulation.desiredState = 'Cancelled';
    run.simulation.now += 10_000;
    expect(run.endedAt(7000)).toMatchObject({ type: 'Cancelled', reason: 'Cancelled' });
  });
});

describe('a run that is terminated', () => {
  it('waits for nobody: what ends later is not looked at', () => {
    const order: Order = {
      who: '',
      definition: { tasks: [task('a')] },
      path: 'a',
      desired: 'Terminated',
      event: 'Cancelled',
      reason: '',
    };
    const { ordered } = new Ordered(order);
    expect(ordered.events).toContainEqual(expect.objectContaining({ type: 'Cancelled', reason: 'Terminated' }));
    expect(cancels(ordered)).toEqual(['a']);
  });
});

describe('a success with a hint', () => {
  it('keeps it in history and in its row', () => {
    const simulation = new Simulation({ defaults: { image: 'busybox' }, tasks: [task('a')] });
    simulation.pass();
    const attempts = new Map([['a#0', { phase: 'Succeeded', message: '', hint: 'OOMKilled' } as const]]);
    const decision = simulation.decideOn({ desiredState: 'Running', attempts });
    expect(decision.events).toContainEqual(expect.objectContaining({ type: 'Succeeded', hint: 'OOMKilled' }));
    expect(unitRows(simulation.plan, decision.state, { attempts })).toMatchObject([
      {
        path: 'a',
        phase: 'Succeeded',
        reason: 'OOMKilled',
        message: expect.stringMatching(/raise resources.limits.memory/),
      },
    ]);
    simulation.report(decision);
    expect(simulation.folded()).toBe(simulation.stored);
  });

  it('has it in the message of a failure that comes of its outputs', () => {
    const simulation = new Simulation({ defaults: { image: 'busybox' }, tasks: [task('a')] });
    simulation.pass();
    const attempts = new Map([['a#0', { phase: 'Succeeded', message: 'no output', hint: 'OOMKilled' } as const]]);
    const [failed] = simulation.decideOn({ desiredState: 'Running', attempts }).events;
    expect(failed).toMatchObject({
      type: 'Failed',
      failure: { reason: 'OutputsInvalid', message: expect.stringMatching(/raise resources.limits.memory/) },
    });
  });
});
