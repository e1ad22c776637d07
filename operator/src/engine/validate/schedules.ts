import {
  DURATION_PATTERN,
  epochOf,
  MAX_PINNED_SCHEDULES,
  parseDuration,
  type Schedule,
  type WorkflowSpec,
} from '../../api/index.ts';
import { cronProblem, isZone } from '../../schedules/index.ts';
import type { Scope } from '../expression/index.ts';
import { type Problem, repeated } from './problem.ts';
import { scopeOfDefaults } from './scopes.ts';
import { triggerValueProblems } from './trigger-values.ts';

const SLOT: Scope = { ...scopeOfDefaults({}), apart: true, schedule: true };
const PLACE = 'spec.triggers.schedules';
const SHORTEST_DEADLINE_MS = 1000;
const LONGEST_MS = 7 * 86_400_000;

/** What is wrong with the schedules: their crons, zones and times, and the values that they give to runs. */
export function scheduleProblems({ triggers, parameters }: WorkflowSpec): Problem[] {
  const { schedules = [] } = triggers ?? {};
  const names = schedules.map(({ name }) => name);
  return [
    ...repeated(names, (index) => `${PLACE}[${index}].name`, 'schedule'),
    ...schedules.flatMap((schedule, index) => {
      const path = `${PLACE}[${index}]`;
      return [
        ...cronProblems(schedule, path),
        ...zoneProblems(schedule, path),
        ...timeProblems(schedule, path),
        ...durationProblems(schedule, path),
        ...idleProblems(schedule, path),
        ...triggerValueProblems(schedule.with, parameters, `${path}.with`, SLOT),
      ];
    }),
    ...sizeProblems(schedules),
  ];
}

function cronProblems({ cron, crons = [] }: Schedule, path: string): Problem[] {
  const fields = [
    ...(cron === undefined ? [] : [[`${path}.cron`, cron] as const]),
    ...crons.map((each, index) => [`${path}.crons[${index}]`, each] as const),
  ];
  return fields.flatMap(([field, text]) => {
    const message = cronProblem(text);
    return message === undefined ? [] : [{ path: field, message }];
  });
}

function zoneProblems({ timeZone }: Schedule, path: string): Problem[] {
  if (timeZone === undefined || isZone(timeZone)) return [];
  const message = `unknown time zone "${timeZone}"; use an IANA name such as Europe/Paris`;
  return [{ path: `${path}.timeZone`, message }];
}

function timeProblems({ startAt, endAt }: Schedule, path: string): Problem[] {
  const unread = Object.entries({ startAt, endAt }).flatMap(([field, text]) => {
    if (text === undefined || epochOf(text) !== undefined) return [];
    return [{ path: `${path}.${field}`, message: `"${text}" is not a valid time; write it like 2027-01-01T00:00:00Z` }];
  });
  const [from, to] = [epochOf(startAt), epochOf(endAt)];
  if (from === undefined || to === undefined || from <= to) return unread;
  return [{ path: `${path}.endAt`, message: 'endAt is before startAt; set endAt after startAt' }];
}

function durationProblems({ jitter, startingDeadline }: Schedule, path: string): Problem[] {
  return [
    ...boundProblem(jitter, `${path}.jitter`, 0),
    // What is never in time never runs.
    ...boundProblem(startingDeadline, `${path}.startingDeadline`, SHORTEST_DEADLINE_MS),
  ];
}

function boundProblem(text: string | undefined, path: string, least: number): Problem[] {
  if (text === undefined) return [];
  const ms = text !== '' && new RegExp(DURATION_PATTERN).test(text) ? parseDuration(text) : Number.NaN;
  if (ms >= least && ms <= LONGEST_MS) return [];
  return [{ path, message: `"${text.slice(0, 40)}" is not from ${least / 1000}s to 168h; write it like 5m` }];
}

/** Fields that would do nothing where they stand. */
function idleProblems({ overlap, maxQueued, catchUp, maxCatchUp }: Schedule, path: string): Problem[] {
  const queue = maxQueued !== undefined && overlap !== 'Queue';
  const all = maxCatchUp !== undefined && catchUp !== 'All';
  return [
    ...(queue
      ? [{ path: `${path}.maxQueued`, message: 'it applies only with overlap: Queue; set that, or remove it' }]
      : []),
    ...(all
      ? [{ path: `${path}.maxCatchUp`, message: 'it applies only with catchUp: All; set that, or remove it' }]
      : []),
  ];
}

/** A copy of them is kept in status. */
function sizeProblems(schedules: readonly Schedule[]): Problem[] {
  const size = JSON.stringify(schedules).length;
  if (size <= MAX_PINNED_SCHEDULES) return [];
  const message = `all schedules together have ${size} characters; at most ${MAX_PINNED_SCHEDULES} are allowed; shorten the values in with`;
  return [{ path: PLACE, message }];
}
