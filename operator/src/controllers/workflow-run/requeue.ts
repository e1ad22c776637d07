import { parseDuration, type Reason } from '../../api/index.ts';
import type { Decision } from '../../engine/index.ts';
import type { Priority, Result } from '../../runtime/index.ts';
import type { ObservedRun } from './observe.ts';

/** What a reconcile of a run asks for. */
export interface RunResult extends Result {
  /** How urgent the next look after `requeueAfter` is; without it as urgent as what is in progress. */
  readonly priority?: Priority;
}

/** A refused start is tried again with the next event, or after this. */
const REFUSED_AGAIN_MS = parseDuration('5s');
/** One that waits for others is told when they are done. It asks now and then all the same, or it would lose its place. */
const WAITING_AGAIN_MS = parseDuration('20s');
const TOLD: ReadonlySet<Reason> = new Set(['Semaphore', 'CacheBusy']);

/** The result, with the next look after `ms` milliseconds at the latest. */
export const earlier = (result: RunResult, ms: number): RunResult =>
  'requeue' in result ? result : { requeueAfter: Math.min(result.requeueAfter ?? Number.POSITIVE_INFINITY, ms) };

/** When a run is to be looked at again, if no event comes before. */
export function requeueAt(decision: Decision, observed: ObservedRun, now: number): Result {
  const waits: number[] = [];
  if (decision.wakeAt !== undefined) waits.push(Math.max(1, decision.wakeAt - now));
  if (observed.recheckAfter !== undefined) waits.push(observed.recheckAfter);
  for (const seen of observed.attempts.values()) {
    if (seen.phase !== 'Refused' || !seen.retry) continue;
    waits.push(TOLD.has(seen.reason) ? WAITING_AGAIN_MS : REFUSED_AGAIN_MS);
  }
  return waits.length === 0 ? {} : { requeueAfter: Math.min(...waits) };
}
