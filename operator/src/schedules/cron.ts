import { Cron } from 'croner';
import { timeOf } from '../api/index.ts';
import { BoundedMap } from '../bounds/index.ts';

/** How many compiled crons are kept. */
const MAX_COMPILED = 2_000;
const compiled = new BoundedMap<Cron>({ max: MAX_COMPILED });

/**
 * The first local time after `wall` that a cron names, as milliseconds since 1970 on the local clock. Undefined when
 * there is none. slots.ts handles changes of clocks.
 * @throws TypeError when the text is not a cron; `cronProblem` explains the problem
 */
export function nextWall(cron: string, wall: number): number | undefined {
  return compile(cron).nextRun(timeOf(wall))?.getTime();
}

/** croner without its clock and time zones: it gets local times as if they were UTC. */
function compile(cron: string): Cron {
  const known = compiled.get(cron);
  if (known) return known;
  const made = new Cron(cron, { paused: true, utcOffset: 0, mode: '5-or-6-parts' });
  compiled.set(cron, made);
  return made;
}
