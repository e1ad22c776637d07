import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appended, endedWhen, WHY_NO_SUCCESS } from './stop-order.ts';

const ORDER = Date.parse('2026-03-01T10:00:05.400Z');
const at = (time: string) => Date.parse(`2026-03-01T10:00:${time}Z`);

describe('the end of an attempt, seen from the order to stop it', () => {
  it.each([
    ['a whole second before', at('04'), 'Before'],
    ['the second of the order, which a node writes without its fraction', at('05'), 'SameSecond'],
    ['a whole second after', at('06'), 'After'],
    ['a time with a fraction just before', at('05.399'), 'Before'],
    ['a time with a fraction just after', at('05.401'), 'After'],
    ['the very millisecond', ORDER, 'After'],
    ['no time', undefined, 'Unknown'],
  ] as const)('is judged by %s', (_what, ended, expected) => {
    expect(endedWhen(ended, ORDER)).toBe(expected);
  });

  it('is Before only if it was, whatever a node that writes whole seconds makes of it', () => {
    const moment = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(moment, moment, fc.boolean(), (ended, ordered, isWhole) => {
        const written = isWhole ? Math.floor(ended / 1000) * 1000 : ended;
        if (endedWhen(written, ordered) === 'Before') expect(ended).toBeLessThan(ordered);
      }),
    );
  });
});

describe('what is added to a message', () => {
  it('is never cut, and the message is', () => {
    const whole = appended('x'.repeat(600), WHY_NO_SUCCESS.SameSecond, 512);
    expect(whole).toHaveLength(512);
    expect(whole).toMatch(/^x+; it ended successfully/);
    expect(whole.endsWith(WHY_NO_SUCCESS.SameSecond)).toBe(true);
    expect(appended('', 'all', 512)).toBe('all');
  });
});
