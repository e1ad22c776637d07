import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochOf, timeOf } from './time.ts';

describe('a time of the API', () => {
  it('is read to the millisecond, as Date reads it', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-01'), max: new Date('2399-12-31'), noInvalidDate: true }),
        (date) => {
          expect(epochOf(date.toISOString())).toBe(date.getTime());
        },
      ),
    );
  });

  it('is written in whole seconds, as Date writes it', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-01'), max: new Date('2399-12-31'), noInvalidDate: true }),
        (date) => {
          expect(timeOf(date.getTime())).toBe(`${date.toISOString().slice(0, 19)}Z`);
        },
      ),
    );
  });

  it('may come with microseconds, as those of Leases do', () => {
    expect(epochOf('2026-03-01T10:00:00.123456Z')).toBe(Date.parse('2026-03-01T10:00:00.123Z'));
  });

  it.each([undefined, null, '', 'yesterday', '2026-03-01'])('is nothing for %s', (text) => {
    expect(epochOf(text)).toBeUndefined();
  });
});
