import type { AttemptObservation, HistoryEvent, TaskPhase, TaskRow } from '../../../api/index.ts';
import { attemptKey, outputLine, type Plan, type RunState } from '../../../engine/index.ts';

/** What rows are made of, besides the run as it was stored. */
export interface Sights {
  readonly plan: Plan;
  readonly state: RunState;
  readonly attempts: ReadonlyMap<string, AttemptObservation>;
  /** What has happened since the run was stored. */
  readonly events?: readonly HistoryEvent[];
}

const ENDED: ReadonlySet<TaskPhase> = new Set(['Succeeded', 'Failed', 'Skipped', 'Cancelled']);

export const isEnded = ({ phase }: TaskRow): boolean => ENDED.has(phase);

/** What the newest success of a task handed on, for people, if it is one of the events. */
export function outputsOf({ path, attempt = 0 }: TaskRow, { plan, attempts, events = [] }: Sights): string | undefined {
  const event = events.findLast((each) => each.type === 'Succeeded' && each.path === path);
  if (event?.type !== 'Succeeded') return undefined;
  return outputLine(event, plan, path, attempts.get(attemptKey(path, attempt)));
}

/** How long something took, as people write it; times are epoch milliseconds. */
export function lasted(startedAt: number | undefined, finishedAt: number | undefined): Pick<TaskRow, 'duration'> {
  if (startedAt === undefined || finishedAt === undefined || finishedAt < startedAt) return {};
  const seconds = Math.round((finishedAt - startedAt) / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const duration = `${h > 0 ? `${h}h` : ''}${h > 0 || m > 0 ? `${m}m` : ''}${s}s`;
  return { duration };
}
