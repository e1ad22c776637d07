/**
 * When a Workflow is to run: crons read in time zones, the slots that they name, and what is due now.
 *
 * 1. Pure: time comes in by argument, and nothing here waits, reads or writes. croner is told the time, too.
 * 2. A slot is a whole second of UTC. What becomes of a time of day that clocks skip or repeat is decided in slots.ts alone.
 * 3. `due` decided again from the same memory calls for the same slots; the names of runs come from slots. So a slot has
 *    one run at most, however often the deciding crashes.
 * 4. The mark never moves back, whatever the clock does, and passes a slot only when it is decided what becomes of it.
 * 5. Bounded: 2,000 slots are looked at and 50 runs started by one decision, whatever a cron names and however long
 *    nobody looked.
 */
export { cronProblem } from './cron-problem.ts';
export { type Due, due, MAX_STARTS, type Memory, type Scheduled, type SlotRun } from './due.ts';
export { hashOf, jitterOf, runNameOf, type ScheduleIdentity } from './name.ts';
export { type CronRule, type Rule, ruleOf } from './rule.ts';
export { newestSlots, type Slots, slotsOf } from './slots.ts';
export { isBeyond, slotsIn, type Window } from './window.ts';
export { isZone } from './zone.ts';
