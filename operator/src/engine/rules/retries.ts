import { type Pass, unitsInFlight } from '../pass.ts';
import { startUnit } from '../start.ts';

/** Starts the next attempt of what waited long enough. */
export function retries(pass: Pass): void {
  for (const { task, index, unit } of unitsInFlight(pass.state)) {
    if (unit.phase !== 'Backoff') continue;
    const due = unit.since ?? 0;
    pass.wake(due);
    const planned = pass.plan.tasks.get(task);
    if (!planned || pass.t < due || !pass.mayStart()) continue;
    if (!pass.room()) return;
    startUnit(pass, planned, index);
  }
}
