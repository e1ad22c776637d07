import { type Pass, unitsInFlight } from '../pass.ts';
import { isLive, isTerminal } from '../state.ts';

/** Terminated leaves no time for SIGTERM handlers: one second is the least that a node takes. */
const TERMINATE_GRACE_SECONDS = 1;

/**
 * Ends what must end. Cancels are repeated in every pass until the attempt is seen to have ended, so a lost delete is
 * no lost cancel; a terminated run does not wait for that.
 */
export function stopping(pass: Pass): void {
  const { stop } = pass.state;
  for (const { path, task, unit } of unitsInFlight(pass.state)) {
    if (!pass.room()) return;
    if (isLive(unit) && (stop || unit.phase === 'Stopping')) cancel(pass, path, task, unit.attempt);
    if (stop && unit.phase === 'Backoff') pass.emit({ type: 'Cancelled', path, reason: stop.reason });
  }
  if (stop) stopFanOuts(pass, stop.reason);
}

function cancel(pass: Pass, path: string, task: string, attempt: number): void {
  if (pass.state.stop?.reason !== 'Terminated') return pass.act({ type: 'Cancel', path, task, attempt });
  pass.act({ type: 'Cancel', path, task, attempt, graceSeconds: TERMINATE_GRACE_SECONDS });
  pass.emit({ type: 'Cancelled', path, reason: 'Terminated' });
}

function stopFanOuts(pass: Pass, reason: string): void {
  for (const [name, { unit, fan }] of pass.state.tasks) {
    if (fan && !isTerminal(unit) && fan.live.size === 0) pass.emit({ type: 'Cancelled', path: name, reason });
  }
}
