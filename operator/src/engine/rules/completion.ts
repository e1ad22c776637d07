import { type Pass, unitsInFlight } from '../pass.ts';
import { isTerminal } from '../state.ts';

/** Ends the run when every task has ended, or when it was stopped and nothing is in flight. */
export function completion(pass: Pass): void {
  const { state, plan } = pass;
  if (state.finished) return;
  if (state.stop) return completeStopped(pass, state.stop);
  const open = plan.order.some((name) => {
    const task = state.tasks.get(name);
    return !task || !isTerminal(task.unit);
  });
  if (open) return;
  const failed = plan.order.filter((name) => isFatal(pass, name));
  if (failed.length === 0) {
    return pass.emit({
      type: 'Finished',
      phase: 'Succeeded',
      reason: 'Succeeded',
      message: 'all tasks have ended well',
    });
  }
  pass.emit({ type: 'Finished', phase: 'Failed', reason: 'TaskFailed', message: describeFailures(pass, failed) });
}

function completeStopped(pass: Pass, stop: { reason: string; message: string }): void {
  for (const { unit } of unitsInFlight(pass.state)) if (!isTerminal(unit) && unit.phase !== 'Waiting') return;
  const phase = stop.reason === 'Cancelled' || stop.reason === 'Terminated' ? 'Cancelled' : 'Failed';
  pass.emit({ type: 'Finished', phase, reason: stop.reason, message: stop.message });
}

function isFatal(pass: Pass, name: string): boolean {
  const failed = pass.state.tasks.get(name)?.unit.phase === 'Failed';
  return failed && pass.plan.tasks.get(name)?.task.onFailure !== 'Continue';
}

function describeFailures(pass: Pass, failed: readonly string[]): string {
  const [first] = failed;
  const unit = pass.state.tasks.get(first ?? '')?.unit;
  const more = failed.length > 1 ? `; ${failed.length - 1} more failed` : '';
  return `task ${first}: ${unit?.reason}: ${unit?.message ?? ''}${more}`.slice(0, 512);
}
