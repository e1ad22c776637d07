import { describe, expect, it } from 'vitest';
import { cronProblem } from './cron-problem.ts';

describe('a cron', () => {
  it.each([
    '0 3 * * *',
    '*/15 8-18 * * MON-FRI',
    '0 0 1,15 * *',
    '0 0 L * *',
    '0 0 15W * *',
    '0 9 * * FRI#2',
    '0 9 * jan-MAR 7',
    '*/5 * * * * *',
    '5-59/10 * * * *',
  ])('is valid as %s', (cron) => {
    expect(cronProblem(cron)).toBeUndefined();
  });

  it.each([
    ['@daily', 'write "0 0 * * *" instead of @daily'],
    ['0 3 * *', 'has 4 fields; write minute, hour, day of month, month and day of week: 0 3 * * *'],
    ['61 * * * *', '"61" is not a valid minute (0–59) (column 1); write the minute like 0, */15 or 0,30'],
    ['0 3 * * FUNDAY', '"FUNDAY" is not a valid day of week (0–7) (column 9)'],
    ['0 18-8 * * *', 'the range 18-8 ends before it begins (column 3)'],
    ['*/0 * * * *', 'a step of 0 is out of range for the minute (column 1)'],
    ['0 0 31 2 *', 'never fires'],
    ['5/10 * * * *', '"5/10" has a step without a range, such as 5-59/10 (column 1)'],
    ['0 0 ? * *', '"?" is not a valid day of month (column 5)'],
    ['* * * * * * *', 'has 7 fields'],
  ])('is refused as %s, with the reason', (cron, message) => {
    expect(cronProblem(cron)).toContain(message);
  });
});
