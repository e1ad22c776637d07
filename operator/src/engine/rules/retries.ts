import { hasRoom } from '../advance/fan-out.ts';
import type { Pass } from '../advance/pass.ts';
import { startUnit } from '../advance/start.ts';
import type { Place } from '../state/walk.ts';

/** Starts the next attempt of what waited long enough. */
export function retries(pass: Pass): void {
  for (const place of pass.places()) {
    const { unit, cause } = place;
    if (unit.phase !== 'Backoff' || cause) continue;
    const due = unit.since ?? 0;
    pass.wake(due);
    if (pass.t < due || !pass.mayBegin(place.planned) || !hasPlace(place)) continue;
    if (!pass.room()) return;
    startUnit(pass, place);
  }
}

/** Other items may have taken the place of one that waited: it starts when one of them has ended. */
function hasPlace({ frame, planned, index, loop }: Place): boolean {
  const fan = frame.tasks.get(planned.task.name)?.fan;
  return index === undefined || loop !== undefined || !fan || hasRoom(planned, fan);
}
