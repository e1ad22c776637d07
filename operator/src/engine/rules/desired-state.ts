import type { Pass } from '../advance/pass.ts';

/** What people asked for by `desiredState`, and the end of a run whose status would outgrow its budget. */
export function desiredState(pass: Pass): void {
  const { desiredState: wanted, overBudget } = pass.observed;
  if (wanted !== pass.state.desired) pass.emit({ type: 'DesiredStateChanged', desired: wanted });
  if (wanted === 'Terminated' && pass.state.stop?.reason !== 'Terminated') {
    pass.emit({ type: 'RunStopping', reason: 'Terminated', message: 'terminated by desiredState' });
  }
  // What comes after the tasks runs to its end, unless the run is terminated.
  if (wanted === 'Cancelled' && !pass.state.stop && !pass.state.result) {
    pass.emit({ type: 'RunStopping', reason: 'Cancelled', message: 'cancelled by desiredState' });
  }
  const { stop } = pass.state;
  // A termination ends everything at once: nothing is smaller.
  if (overBudget && stop?.reason !== 'StatusTooLarge' && stop?.reason !== 'Terminated') {
    pass.emit({ type: 'OutputsReleased', tasks: [...pass.state.tasks.keys()] });
    const message = 'the status of the run would exceed its budget; use fewer live tasks or smaller outputs';
    pass.emit({ type: 'RunStopping', reason: 'StatusTooLarge', message });
  }
}
