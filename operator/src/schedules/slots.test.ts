import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochOf, type Schedule, timeOf } from '../api/index.ts';
import { ruleOf } from './rule.ts';
import { newestSlots, slotsOf } from './slots.ts';

const at = (text: string): number => epochOf(text) ?? Number.NaN;

/** The slots of a schedule after a time, up to another one. */
function slots(schedule: Omit<Schedule, 'name'>, after: string, until: string): string[] {
  const found = newestSlots(slotsOf(ruleOf({ name: 's', ...schedule })), at(after), at(until), 2000);
  return found.slots.map(timeOf);
}

const paris = (cron: string, daylightSaving?: Schedule['daylightSaving']) => ({
  cron,
  timeZone: 'Europe/Paris',
  ...(daylightSaving ? { daylightSaving } : {}),
});
/** 2027-03-28: 02:00 is followed by 03:00. 2027-10-31: 02:59 is followed by 02:00. */
const SPRING = ['2027-03-27T12:00:00Z', '2027-03-29T12:00:00Z'] as const;
const AUTUMN = ['2027-10-30T12:00:00Z', '2027-11-01T12:00:00Z'] as const;

describe('slots of a cron', () => {
  it('are read in the time zone', () => {
    expect(slots(paris('0 3 * * *'), ...SPRING)).toEqual(['2027-03-28T01:00:00Z', '2027-03-29T01:00:00Z']);
    expect(
      slots({ cron: '30 8 * * MON-FRI', timeZone: 'Asia/Kolkata' }, '2026-11-20T00:00:00Z', '2026-11-23T23:00:00Z'),
    ).toEqual(['2026-11-20T03:00:00Z', '2026-11-23T03:00:00Z']);
  });

  it('with six fields have seconds', () => {
    expect(slots({ cron: '*/20 0 0 * * *' }, '2026-11-20T23:59:59Z', '2026-11-21T12:00:00Z')).toEqual([
      '2026-11-21T00:00:00Z',
      '2026-11-21T00:00:20Z',
      '2026-11-21T00:00:40Z',
    ]);
  });

  it('of several crons at the same time are one slot', () => {
    const crons = ['0 */2 * * *', '0 */3 * * *'];
    const found = slots({ crons }, '2026-11-20T23:00:00Z', '2026-11-21T06:00:00Z');
    expect(found.map((slot) => slot.slice(11, 13))).toEqual(['00', '02', '03', '04', '06']);
  });

  it('stay within startAt and endAt, both included', () => {
    const bounds = { startAt: '2026-11-21T02:00:00Z', endAt: '2026-11-21T05:00:00+01:00' };
    const found = slots({ cron: '0 * * * *', ...bounds }, '2026-11-20T00:00:00Z', '2026-11-22T00:00:00Z');
    expect(found).toEqual(['2026-11-21T02:00:00Z', '2026-11-21T03:00:00Z', '2026-11-21T04:00:00Z']);
  });

  it('are found years ahead', () => {
    const next = slotsOf(ruleOf({ name: 's', ...paris('0 0 29 2 *') })).next(at('2028-03-01T00:00:00Z'));
    expect(next && timeOf(next)).toBe('2032-02-28T23:00:00Z');
  });
});

describe('when the clock is set forward', () => {
  it('a skipped local time is later by the jump', () => {
    expect(slots(paris('30 2 * * *'), ...SPRING)).toEqual(['2027-03-28T01:30:00Z', '2027-03-29T00:30:00Z']);
  });

  it('a skipped local time has no slot with skipped: Skip', () => {
    expect(slots(paris('30 2 * * *', { skipped: 'Skip' }), ...SPRING)).toEqual(['2027-03-29T00:30:00Z']);
  });

  it('a periodic cron follows elapsed time', () => {
    const found = slots(paris('*/30 * * * *'), '2027-03-28T00:00:00Z', '2027-03-28T02:00:00Z');
    expect(found.map((slot) => slot.slice(11, 16))).toEqual(['00:30', '01:00', '01:30', '02:00']);
  });
});

describe('when the clock is set back', () => {
  it('a repeated local time has a slot the first time', () => {
    expect(slots(paris('30 2 * * *'), ...AUTUMN)).toEqual(['2027-10-31T00:30:00Z', '2027-11-01T01:30:00Z']);
  });

  it('a repeated local time has two slots with repeated: Both', () => {
    const found = slots(paris('30 2 * * *', { repeated: 'Both' }), ...AUTUMN);
    expect(found).toEqual(['2027-10-31T00:30:00Z', '2027-10-31T01:30:00Z', '2027-11-01T01:30:00Z']);
  });

  it('a periodic cron follows elapsed time', () => {
    const found = slots(paris('0 * * * *'), '2027-10-30T23:00:00Z', '2027-10-31T03:00:00Z');
    expect(found.map((slot) => slot.slice(11, 13))).toEqual(['00', '01', '02', '03']);
  });
});

const ZONES = ['UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia'];
const CRONS = ['30 2 * * *', '*/7 * * * *', '15 */5 1,15 * *', '0 0 * * MON', '59 23 L * *', '10 1,2,3 * * *'];

describe('the slots of any cron in any zone', () => {
  it('increase, are whole seconds, and do not depend on the start of the search', () => {
    const from = fc.integer({ min: at('2011-01-01T00:00:00Z') / 1000, max: at('2030-01-01T00:00:00Z') / 1000 });
    const policy = fc.record({
      skipped: fc.constantFrom('Shift' as const, 'Skip' as const),
      repeated: fc.constantFrom('First' as const, 'Both' as const),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.constantFrom(...CRONS),
        policy,
        from,
        (timeZone, cron, daylightSaving, second) => {
          const found = slotsOf(ruleOf({ name: 's', cron, timeZone, daylightSaving }));
          let before = second * 1000;
          const seen: number[] = [];
          for (let count = 0; count < 20; count++) {
            const next = found.next(before) ?? Number.NaN;
            expect(next).toBeGreaterThan(before);
            expect(next % 1000).toBe(0);
            seen.push(next);
            before = next;
          }
          const middle = ((seen[8] ?? 0) + (seen[9] ?? 0)) / 2;
          expect(found.next(middle)).toBe(seen[9]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are exactly one a day for a cron of one local time with its defaults', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Europe/Paris', 'America/New_York', 'Australia/Lord_Howe'),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        fc.integer({ min: 2012, max: 2035 }),
        (timeZone, hour, minute, year) => {
          const rule = ruleOf({ name: 's', cron: `${minute} ${hour} * * *`, timeZone });
          const days = newestSlots(slotsOf(rule), at(`${year}-01-02T15:00:00Z`), at(`${year}-12-30T15:00:00Z`), 2000);
          const length = (at(`${year}-12-30T15:00:00Z`) - at(`${year}-01-02T15:00:00Z`)) / 86_400_000;
          expect(days.slots.length).toBe(length);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the newest slots', () => {
  it('are the last ones, at least half of the limit, when there are too many', () => {
    const rule = slotsOf(ruleOf({ name: 's', cron: '* * 9 * * *' }));
    const found = newestSlots(rule, at('2020-01-01T00:00:00Z'), at('2026-11-21T10:30:00Z'), 2000);
    expect(found.complete).toBe(false);
    expect(found.slots.length).toBeGreaterThanOrEqual(1000);
    expect(timeOf(found.slots.at(-1) ?? 0)).toBe('2026-11-21T09:59:59Z');
  });
});
