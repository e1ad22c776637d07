/**
 * When Workflows run: crons in time zones, the slots that they name, and the slots that are due now.
 *
 * 1. Pure: time is an argument, also for croner, and nothing here waits, reads or writes.
 * 2. A slot is a whole second of UTC. Only slots.ts handles local times that a change of clocks skips or repeats.
 * 3. From the same memory, `due` returns the same slots, and the names of runs derive from slots. So a slot has at
 *    most one run, however often a decision crashes.
 * 4. The mark never moves back, whatever the clock does, and passes a slot only after a decision on it.
 * 5. Bounded: one decision considers at most 2,000 slots and starts at most 50 runs, for any cron and after any
 *    downtime.
 */
export { cronProblem } from './cron-problem.ts';
export { type Due, due, MAX_STARTS, type Memory, type Scheduled, type SlotRun } from './due.ts';
export { hashOf, jitterOf, runNameOf, type ScheduleIdentity } from './name.ts';
export { type CronRule, type Rule, ruleOf } from './rule.ts';
export { newestSlots, type Slots, slotsOf } from './slots.ts';
export { isBeyond, slotsIn, type Window } from './window.ts';
export { isZone } from './zone.ts';
