import { describe, expect, it } from 'vitest';
import type { Parameter, Schedule, WorkflowSpec } from '../../api/index.ts';
import { validateOuter, validateWorkflow } from './index.ts';

const valid: Schedule = { name: 'nightly', cron: '0 3 * * *', with: { day: '${{ schedule.slot }}' } };
const parameters: Parameter[] = [{ name: 'day' }];

const spec = (...schedules: readonly Schedule[]): WorkflowSpec => ({
  triggers: { schedules: [...schedules] },
  parameters,
  tasks: [{ name: 'a', compute: { day: 'params.day' } }],
});

/** The problems of a schedule that differs from the valid one. */
const problemsOf = (more: Partial<Schedule>): string[] =>
  validateWorkflow(spec({ ...valid, ...more })).map(({ path, message }) => `${path}: ${message}`);

describe('a schedule', () => {
  it('of a cron and the values that its runs need is valid', () => {
    expect(problemsOf({})).toEqual([]);
    expect(validateOuter(spec({ ...valid, timeZone: 'Europe/Paris', jitter: '5m' }))).toEqual([]);
  });

  it.each([
    [{ cron: '0 25 * * *' }, 'spec.triggers.schedules[0].cron: "25" is not a valid hour (0–23) (column 3)'],
    [{ crons: ['0 3 * * *', '@daily'] }, 'spec.triggers.schedules[0].crons[1]: write "0 0 * * *" instead of @daily'],
    [{ timeZone: 'Europe/Pariss' }, 'spec.triggers.schedules[0].timeZone: unknown time zone "Europe/Pariss"'],
    [{ startAt: 'tomorrow' }, 'spec.triggers.schedules[0].startAt: "tomorrow" is not a valid time'],
    [
      { startAt: '2027-02-01T00:00:00Z', endAt: '2027-01-01T00:00:00Z' },
      'spec.triggers.schedules[0].endAt: endAt is before startAt',
    ],
    [{ jitter: '200h' }, 'spec.triggers.schedules[0].jitter: "200h" is not from 0s to 168h'],
    [{ startingDeadline: '1ms' }, 'spec.triggers.schedules[0].startingDeadline: "1ms" is not from 1s to 168h'],
    [{ maxQueued: 3 }, 'spec.triggers.schedules[0].maxQueued: it applies only with overlap: Queue'],
    [{ maxCatchUp: 3 }, 'spec.triggers.schedules[0].maxCatchUp: it applies only with catchUp: All'],
    [{ with: {} }, 'spec.triggers.schedules[0].with.day: the workflow requires the parameter "day"'],
    [{ with: { day: '${{ params.day }}' } }, 'this expression can read only schedule, not params'],
    [{ with: { day: '${{ schedule.slott }}' } }, 'unknown field of schedule "slott"; did you mean "slot"'],
  ] satisfies [Partial<Schedule>, string][])('is refused with its field and the remedy: %j', (more, expected) => {
    expect(problemsOf(more).join('\n')).toContain(expected);
  });

  it('has a name of its own', () => {
    const [problem] = validateWorkflow(spec(valid, { ...valid, cron: '0 4 * * *' }));
    expect(problem?.path).toBe('spec.triggers.schedules[1].name');
  });

  it('is refused with the others when a copy of all of them would be too large', () => {
    const large = Array.from({ length: 16 }, (_, index) => ({
      ...valid,
      name: `s-${index}`,
      with: { day: 'x'.repeat(4000) },
    }));
    const [problem] = validateWorkflow(spec(...large));
    expect(problem?.message).toContain('at most 32768 are allowed');
  });
});
