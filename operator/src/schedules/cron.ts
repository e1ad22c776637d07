import { Cron } from 'croner';
import { timeOf } from '../api/index.ts';
import { BoundedMap } from '../bounds/index.ts';

/** How many compiled crons are kept. */
const MAX_COMPILED = 2_000;
const compiled = new BoundedMap<Cron>({ max: MAX_COMPILED });

/**
 * The first time of day after `wall` that a cron names, as if the place had no time zone: milliseconds since 1970 on the
 * clock of the wall. Undefined when there is none. What becomes of it where clocks are changed is decided in slots.ts.
 * @throws TypeError when it is no cron; `cronProblem` says what is wrong with it
 */
export function nextWall(cron: string, wall: number): number | undefined {
  return compile(cron).nextRun(timeOf(wall))?.getTime();
}

/** croner without its clock: it is given the time, and told that the place has no time zone. */
function compile(cron: string): Cron {
  const known = compiled.get(cron);
  if (known) return known;
  const made = new Cron(cron, { paused: true, utcOffset: 0, mode: '5-or-6-parts' });
  compiled.set(cron, made);
  return made;
}
