import { describe, expect, it } from 'vitest';
import { epochOf, type Schedule, timeOf } from '../api/index.ts';
import { due, MAX_STARTS, type Memory, type Scheduled, type SlotRun } from './due.ts';
import { ruleOf } from './rule.ts';
import { slotsOf } from './slots.ts';

const at = (clock: string): number => epochOf(`2026-11-21T${clock.padEnd(8, ':00')}Z`) ?? Number.NaN;
const clockOf = (ms: number): string => timeOf(ms).slice(11, 16);

/** Every ten minutes. */
function scheduled(more: Partial<Schedule> = {}, delayOf = (_slot: number) => 0): Scheduled {
  const rule = ruleOf({ name: 's', cron: '*/10 * * * *', ...more });
  return { rule, slots: slotsOf(rule), timing: more.cron ?? 't', delayOf };
}

const memory = (mark: string, more: Partial<Memory> = {}): Memory => ({
  mark: at(mark),
  queued: [],
  suspended: false,
  timing: 't',
  ...more,
});

const active = (clock: string): SlotRun => ({ slot: at(clock), isActive: true });
const over = (clock: string): SlotRun => ({ slot: at(clock), isActive: false });

/** A decision with its times as HH:MM. */
function decided(of: Scheduled, before: Memory | undefined, runs: readonly SlotRun[], now: string, since?: number) {
  const { start, skipped, missed, memory: after, nextAt, cancel } = due(of, before, runs, at(now), since);
  return {
    start: start.map(clockOf),
    ...(skipped.length > 0 ? { skipped: skipped.map(clockOf) } : {}),
    ...(missed.count > 0 ? { missed: missed.count } : {}),
    ...(after.queued.length > 0 ? { queued: after.queued.map(clockOf) } : {}),
    ...(cancel ? { cancel } : {}),
    mark: clockOf(after.mark),
    next: nextAt === undefined ? undefined : clockOf(nextAt),
  };
}

describe('a schedule', () => {
  it('starts each slot when it is due, and nothing in between', () => {
    expect(decided(scheduled(), memory('12:00'), [], '12:09')).toEqual({ start: [], mark: '12:00', next: '12:10' });
    expect(decided(scheduled(), memory('12:00'), [], '12:10')).toEqual({
      start: ['12:10'],
      mark: '12:10',
      next: '12:20',
    });
  });

  it('begins when it is first seen, and catches up nothing before that', () => {
    expect(decided(scheduled(), undefined, [], '12:15')).toEqual({ start: [], mark: '12:15', next: '12:20' });
  });

  it('begins when its Workflow was created, if that is known', () => {
    expect(decided(scheduled(), undefined, [], '12:20', at('12:15'))).toMatchObject({
      start: ['12:20'],
      mark: '12:20',
    });
  });

  it('does not start a slot that has a run, as after a crash before the mark was stored', () => {
    const found = decided(scheduled({ overlap: 'Allow' }), memory('12:00'), [active('12:10')], '12:10');
    expect(found).toEqual({ start: [], mark: '12:10', next: '12:20' });
  });

  it('starts nothing again when the clock is set back, and reports a large step', () => {
    expect(decided(scheduled(), memory('12:20'), [], '12:14')).toEqual({ start: [], mark: '12:20', next: '12:30' });
    expect(due(scheduled(), memory('12:20'), [], at('11:00')).isClockBehind).toBe(true);
  });

  it('delays each start by the jitter of the slot, in the order of the slots', () => {
    const delays: Record<string, number> = { '12:10': 700_000, '12:20': 0 };
    const late = scheduled({ overlap: 'Allow' }, (slot) => delays[clockOf(slot)] ?? 0);
    expect(decided(late, memory('12:00'), [], '12:20')).toEqual({ start: [], mark: '12:00', next: '12:21' });
    expect(decided(late, memory('12:00'), [], '12:22')).toEqual({
      ...{ start: ['12:10', '12:20'], mark: '12:20', next: '12:30' },
    });
  });
});

describe('catchUp', () => {
  const missed = (more: Partial<Schedule>, now: string) => decided(scheduled(more), memory('12:00'), [], now);

  it('None starts the slots in time, and counts the rest', () => {
    expect(missed({ catchUp: 'None', startingDeadline: '5m' }, '12:34')).toMatchObject({ start: ['12:30'], missed: 2 });
    expect(missed({ catchUp: 'None' }, '12:34')).toMatchObject({ start: [], missed: 3, mark: '12:30' });
  });

  it('Last starts the last one, unless a slot is in time', () => {
    expect(missed({ catchUp: 'Last' }, '12:34')).toMatchObject({ start: ['12:30'], missed: 2 });
    expect(missed({ catchUp: 'Last' }, '12:30')).toMatchObject({ start: ['12:30'], missed: 2 });
  });

  it('All starts the newest ones, up to maxCatchUp', () => {
    const all = { catchUp: 'All', overlap: 'Allow' } as const;
    expect(missed(all, '12:34')).toMatchObject({ start: ['12:10', '12:20', '12:30'] });
    expect(missed({ ...all, maxCatchUp: 2 }, '12:34')).toMatchObject({ start: ['12:20', '12:30'], missed: 1 });
  });

  it('All starts many in batches of fifty', () => {
    const all = scheduled({ cron: '* * * * * *', catchUp: 'All', maxCatchUp: 1000, overlap: 'Allow' });
    const first = due(all, memory('12:00', { timing: '* * * * * *' }), [], at('13:00'));
    expect(first.start).toHaveLength(MAX_STARTS);
    expect(first.more).toBe(true);
    const second = due(all, first.memory, [], at('13:00'));
    expect(second.start[0]).toBe((first.start.at(-1) ?? 0) + 1000);
    expect(second.missed.count).toBe(0);
  });

  it('counts at least as many as were considered after a very long time', () => {
    const everySecond = scheduled({ cron: '* * * * * *' });
    const found = due(everySecond, { ...memory('12:00'), mark: 0, timing: '* * * * * *' }, [], at('13:00'));
    expect(found.missed.count).toBeGreaterThan(2000);
    expect(found.memory.mark).toBe(at('13:00'));
  });
});

describe('overlap, while a run is active', () => {
  const busy = (more: Partial<Schedule>, before = memory('12:00'), now = '12:10') =>
    decided(scheduled(more), before, [active('12:00')], now);

  it('Allow starts another one', () => {
    expect(busy({ overlap: 'Allow' })).toMatchObject({ start: ['12:10'] });
  });

  it('Skip skips the slot', () => {
    expect(busy({ overlap: 'Skip' })).toMatchObject({ start: [], skipped: ['12:10'], mark: '12:10' });
  });

  it('Queue keeps slots in order, up to maxQueued', () => {
    const queue = { overlap: 'Queue', maxQueued: 2, startingDeadline: '1h' } as const;
    expect(busy(queue, memory('12:00'), '12:30')).toMatchObject({
      ...{ start: [], queued: ['12:10', '12:20'], skipped: ['12:30'], mark: '12:30' },
    });
    const waiting = memory('12:30', { queued: [at('12:10'), at('12:20')] });
    expect(decided(scheduled(queue), waiting, [over('12:00')], '12:31')).toMatchObject({
      ...{ start: ['12:10'], queued: ['12:20'], mark: '12:30' },
    });
  });

  it('Queue does not start its first slot again if it has a run', () => {
    const waiting = memory('12:30', { queued: [at('12:10'), at('12:20')] });
    const found = decided(scheduled({ overlap: 'Queue' }), waiting, [active('12:10')], '12:31');
    expect(found).toMatchObject({ start: [], queued: ['12:20'] });
  });

  it('CancelRunning cancels the run, and starts the newest slot after it has ended', () => {
    const replace = { overlap: 'CancelRunning', startingDeadline: '1h' } as const;
    expect(busy(replace, memory('12:00'), '12:20')).toMatchObject({
      ...{ start: [], cancel: true, queued: ['12:20'], skipped: ['12:10'] },
    });
    const waiting = memory('12:20', { queued: [at('12:20')] });
    expect(decided(scheduled(replace), waiting, [over('12:00')], '12:21')).toMatchObject({ start: ['12:20'] });
    expect(decided(scheduled(replace), waiting, [active('12:20')], '12:21')).toEqual({
      ...{ start: [], mark: '12:20', next: '12:30' },
    });
  });
});

describe('a changed schedule', () => {
  it('starts nothing while it is suspended, and later nothing for that time', () => {
    const suspended = due(scheduled({ suspend: true }), memory('12:00', { queued: [at('12:00')] }), [], at('12:35'));
    expect(suspended).toMatchObject({ start: [], skipped: [at('12:00')], nextAt: undefined });
    expect(suspended.memory).toMatchObject({ mark: at('12:00'), queued: [], suspended: true });
    const resumed = due(scheduled({ catchUp: 'All' }), suspended.memory, [], at('13:05'));
    expect(resumed).toMatchObject({ start: [], missed: { count: 0 }, nextAt: at('13:10') });
  });

  it('does not repeat a slot that it started before it was suspended', () => {
    const before = memory('12:10', { suspended: true });
    expect(decided(scheduled(), before, [], '12:10')).toMatchObject({ start: [], next: '12:20' });
  });

  it('has no past slots after a change of its times', () => {
    const hourly = scheduled({ cron: '5 * * * *', catchUp: 'All' });
    expect(decided(hourly, memory('03:00'), [], '12:07')).toMatchObject({ start: [], mark: '12:07', next: '13:05' });
  });
});
