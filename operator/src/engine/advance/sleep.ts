import { epochOf, parseDuration } from '../../api/index.ts';
import { unitBindings } from '../bindings/unit-bindings.ts';
import { ExpressionError, renderText } from '../expression/index.ts';
import type { Place } from '../state/walk.ts';
import type { Pass } from './pass.ts';
import type { StartResult } from './start.ts';

/** The longest sleep. */
const MAX_SLEEP_MS = 365 * 86_400_000;

/** Begins a sleep: it needs nothing but the time at which it is over. */
export function sleep(pass: Pass, place: Place): StartResult {
  const { duration, until } = place.planned.task.sleep ?? {};
  const bindings = unitBindings(pass, place);
  const wake =
    until === undefined
      ? pass.t + durationOf(renderText(duration ?? '', bindings))
      : timeOf(renderText(until, bindings)) - pass.state.at;
  if (wake - pass.t > MAX_SLEEP_MS)
    throw new ExpressionError('sleep: the maximum is 365 days; split it into several sleeps');
  pass.emit({ type: 'Slept', path: place.path, wake: Math.max(wake, pass.t) });
  pass.wake(wake);
  if (wake > pass.t) return 'Started';
  // What is over already is never woken for.
  pass.emit({ type: 'Succeeded', path: place.path });
  return 'Over';
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new ExpressionError(
      `sleep.duration: "${text.slice(0, 40)}" is not a valid duration; write it like 10s, 5m or 1h30m`,
    );
  }
}

function timeOf(text: string): number {
  const time = epochOf(text);
  if (time !== undefined) return time;
  throw new ExpressionError(
    `sleep.until: "${text.slice(0, 40)}" is not a valid time; write it like 2026-01-31T08:00:00Z`,
  );
}
