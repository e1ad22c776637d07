import type { HistoryEvent, Json } from '../api/index.ts';
import { encodeEvent } from '../api/index.ts';
import { enoughEvents } from './advance/continuing.ts';
import { type Action, type Observed, Pass } from './advance/pass.ts';
import type { RunIdentity } from './bindings/bindings.ts';
import type { Wanted } from './bindings/placed-data.ts';
import type { Plan } from './plan/plan.ts';
import { acknowledged } from './rules/acknowledged.ts';
import { adoption } from './rules/adoption.ts';
import { completion } from './rules/completion.ts';
import { continued } from './rules/continued.ts';
import { deadlines } from './rules/deadlines.ts';
import { desiredState } from './rules/desired-state.ts';
import { handedOn } from './rules/handed-on.ts';
import { begunUnproven, identified } from './rules/identified.ts';
import { outcomes } from './rules/outcomes.ts';
import { readyTasks } from './rules/ready-tasks.ts';
import { releasedOutputs } from './rules/released-outputs.ts';
import { retries } from './rules/retries.ts';
import { signals } from './rules/signals.ts';
import { stopping } from './rules/stopping.ts';
import { strays } from './rules/strays.ts';
import { timers } from './rules/timers.ts';
import { undo } from './rules/undo.ts';
import { begin } from './state/evolve.ts';
import { FLAG_PROVEN, type RunState } from './state/state.ts';

/** Version of histories: what their first event says of the ones after it. */
const HISTORY_VERSION = 1;

/** What follows from what was observed: facts to record, things to do, and when to look again. */
export interface Decision {
  readonly events: readonly HistoryEvent[];
  /** The events as they are stored. */
  readonly encoded: readonly string[];
  readonly actions: readonly Action[];
  readonly state: RunState;
  /** Epoch milliseconds at which time alone may change something. */
  readonly wakeAt: number | undefined;
  /** The pass was cut at its limits: decide again as soon as this is reported. */
  readonly more: boolean;
  /**
   * Outputs that tasks read whose turn it is: nothing is decided on these tasks. Unless it is empty the decision is not
   * to be used; decide again on the same state with `Observed.given`.
   */
  readonly wanted: readonly Wanted[];
  /** The same of all that the run which this one repeats handed on: `Observed.earlier`. */
  readonly wantsEarlier: boolean;
  /** What people should know before it becomes a failure, once the decision is stored. */
  readonly warnings: readonly string[];
}

/** Facts first, then the clock, then what may start, then the end. */
const RULES: readonly ((pass: Pass) => void)[] = [
  begunUnproven,
  handedOn,
  adoption,
  outcomes,
  signals,
  timers,
  desiredState,
  deadlines,
  stopping,
  retries,
  undo,
  readyTasks,
  // Once more, for what has just begun: a pass must say when it wants to be woken for it.
  deadlines,
  releasedOutputs,
  acknowledged,
  identified,
  completion,
  strays,
  enoughEvents,
];

/**
 * One step of a run. Pure: the same arguments give the same decision. It takes over `state`, as `evolve` does.
 * @param now epoch milliseconds
 */
export function decide(identity: RunIdentity, plan: Plan, state: RunState, observed: Observed, now: number): Decision {
  const pass = new Pass(identity, plan, state, observed, now);
  if (!state.finished) apply(pass);
  return {
    events: pass.events,
    encoded: pass.encoded,
    actions: pass.actions,
    state,
    wakeAt: pass.wakeAt === undefined || state.finished ? undefined : state.at + pass.wakeAt,
    more: pass.cut || pass.data.isFull,
    wanted: [...pass.data.wanted.values()],
    wantsEarlier: pass.wantsEarlier,
    warnings: pass.warnings,
  };
}

/** Nothing happens any more to a run that goes on as another one, but its end. */
function apply(pass: Pass): void {
  if (pass.state.continuing) return continued(pass);
  for (const rule of RULES) {
    rule(pass);
    if (pass.state.continuing) return;
  }
}

/** The first event of a run and the state after it. */
export function accept(
  digest: string,
  parameters: { [name: string]: Json },
  now: number,
): { state: RunState; encoded: string; event: HistoryEvent } {
  const event = {
    type: 'Accepted',
    t: 0,
    at: now,
    stateVersion: HISTORY_VERSION,
    digest,
    parameters,
    flags: [FLAG_PROVEN],
  } as const;
  const history = { ...event, flags: [...event.flags] };
  return { state: begin(history), encoded: encodeEvent(history), event: history };
}
