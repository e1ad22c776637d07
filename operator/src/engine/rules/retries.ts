import type { Pass } from '../pass.ts';
import { startUnit } from '../start.ts';

/** Starts the next attempt of what waited long enough. */
export function retries(pass: Pass): void {
  for (const place of pass.places()) {
    const { unit, cause } = place;
    if (unit.phase !== 'Backoff' || cause) continue;
    const due = unit.since ?? 0;
    pass.wake(due);
    if (pass.t < due || !pass.mayStart()) continue;
    if (!pass.room()) return;
    startUnit(pass, place);
  }
}
