import { describe, expect, it } from 'vitest';
import { causeWithin } from './causes.ts';

const WORDS = 'ExitCode: exit code 3: the disk is full';
const run = (level: number) => `run ${`level-${level}-`.padEnd(52, 'x')}: TaskFailed: `;
const task = (level: number) => `task ${`call-${level}-`.padEnd(40, 'y')}: ChildFailed: `;
/** What the run at the top says of a failure so many runs below it, each having said it within `max`. */
function nested(levels: number, max: number, words = WORDS): string {
  let text = `task deploy: ${words}`;
  for (let level = levels; level > 0; level--) text = causeWithin(`${task(level)}${run(level)}${text}`, max);
  return text;
}

describe('a message that goes down to a cause', () => {
  it('is left as it is where it fits', () => {
    expect(causeWithin(`task a: ${WORDS}`, 400)).toBe(`task a: ${WORDS}`);
  });

  it.each([1, 2, 3, 5, 8])('names the deepest task and its words from %i runs above', (levels) => {
    const text = nested(levels, 400);
    expect(text.length).toBeLessThanOrEqual(400);
    expect(text.startsWith('task call-1-')).toBe(true);
    expect(text.endsWith(`task deploy: ${WORDS}`)).toBe(true);
  });

  it('says that steps are left out, once', () => {
    expect(nested(8, 400).match(/…/g)).toHaveLength(1);
    expect(nested(2, 4000)).not.toContain('…');
  });

  it('cuts the words of the cause at their end, and keeps the task whose words they are', () => {
    const text = nested(8, 400, `ExitCode: ${'z'.repeat(600)}`);
    expect(text).toHaveLength(400);
    expect(text).toMatch(/task deploy: ExitCode: z{100}/);
  });

  it('goes through items, iterations and templates alike', () => {
    const items = '3 of 9 items failed; the first: each[4]: ';
    const middle = `task ${'t'.repeat(40)}: TasksFailed: `.repeat(12);
    const text = causeWithin(
      `task top: ItemsFailed: ${items}TasksFailed: ${middle}iteration 7: IterationFailed: task deploy: ${WORDS}`,
      256,
    );
    expect(text.length).toBeLessThanOrEqual(256);
    expect(text).toContain(`task deploy: ${WORDS}`);
  });

  it('is cut at its end where it has no steps', () => {
    expect(causeWithin('x'.repeat(500), 400)).toBe('x'.repeat(400));
  });

  it('takes time in proportion to a hostile text', () => {
    for (const text of [
      'task a: B: '.repeat(6000),
      `task ${'a'.repeat(60_000)}`,
      '1 of 1 items failed; '.repeat(3000),
    ]) {
      expect(causeWithin(text, 400).length).toBeLessThanOrEqual(400);
    }
  });
});
