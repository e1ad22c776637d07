import type { Pass } from '../advance/pass.ts';
import { isComposite } from '../state/state.ts';

/** Ends the sleeps that are over, also while the run is paused. */
export function timers(pass: Pass): void {
  for (const { path, unit, cause } of pass.places()) {
    if (unit.phase !== 'Open' || isComposite(unit) || cause) continue;
    const due = unit.since ?? 0;
    if (pass.t < due) {
      pass.wake(due);
      continue;
    }
    if (!pass.room()) return;
    pass.emit({ type: 'Succeeded', path });
  }
}
