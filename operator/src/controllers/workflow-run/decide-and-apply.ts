import type { WorkflowRun } from '../../api/index.ts';
import {
  type Action,
  attemptKey,
  type Decision,
  decide,
  decodeState,
  encodeState,
  type Journal,
  nextPage,
  type Plan,
} from '../../engine/index.ts';
import type { RunContext } from '../../executors/index.ts';
import { utf8Length } from '../../json/index.ts';
import { earlierOf } from './acceptance/earlier-outputs.ts';
import { type Answer, apply } from './apply.ts';
import type { RunDeps } from './deps.ts';
import { givenOf } from './history/placed-outputs.ts';
import { beganContext, identityOf, type ObservedRun, signalOf } from './observe.ts';

/** Decisions of one reconcile: each further one knows the answers to the one before. After these nothing new is started. */
const MAX_DECISIONS = 8;
/**
 * Bound of the encoded state, so that with the longest tail (36 KiB, escaped) and 50 rows the status stays below the
 * 224 KiB at which it is refused.
 */
const STATE_REFUSED_BYTES = 112 * 1024;

type DecideDeps = Pick<RunDeps, 'executor' | 'clock' | 'attests' | 'proves' | 'client' | 'memories' | 'stores'>;

/** What is decided on. */
interface Undecided {
  readonly run: WorkflowRun;
  readonly context: RunContext;
  readonly plan: Plan;
  /** The encoded state. */
  readonly before: string;
  readonly journal: Journal | undefined;
}

/**
 * Decides and applies until no start has an answer that the decision did not know of. A chain of cached results could go
 * on for long: after some rounds it only finishes what was begun, and the next reconcile goes on.
 */
export async function decideAndApply(deps: DecideDeps, undecided: Undecided, observed: ObservedRun): Promise<Decision> {
  const { executor } = deps;
  const { run, context, plan } = undecided;
  const begun = new Map<string, Start>();
  for (let round = 1; ; round++) {
    const decision = await decideOnData(deps, undecided, observed);
    if (!observed.overBudget && isOverBudget(encodeState(decision.state))) {
      observed.overBudget = true;
      continue;
    }
    const whole = { ...beganContext(context, run, deps), workspaces: plan.definition.workspaces };
    const answers = await apply(executor, whole, decision.actions);
    if (answers.size === 0) {
      // An earlier round started these, and an answer made them needless.
      if (isLast(decision)) await apply(executor, whole, [...begun.values()].map(cancelOf));
      return decision;
    }
    for (const [key, answer] of answers) observed.attempts.set(key, answer);
    for (const start of startsWithout(answers, decision.actions)) begun.set(keyOf(start), start);
    noteBegun(deps, context, observed, begun.size);
    if (round >= MAX_DECISIONS) observed.only = new Set(begun.keys());
  }
}

/** Decides; where tasks read outputs that the state holds by their place, with those from the history of the run. */
async function decideOnData(deps: DecideDeps, undecided: Undecided, observed: ObservedRun): Promise<Decision> {
  const { run, context, plan, before, journal } = undecided;
  const identity = identityOf(run, deps);
  const signal = signalOf(context);
  const memory = deps.memories.of(context.uid);
  observed.page = nextPage(journal, run.status?.seq ?? 0);
  for (;;) {
    const decision = decide(identity, plan, decodeState(before), observed, deps.clock.now());
    if (decision.wantsEarlier) {
      memory.earlier ??= await earlierOf(deps, run, signal);
      observed.earlier = memory.earlier;
      continue;
    }
    if (observed.earlier === undefined) memory.earlier = undefined;
    if (decision.wanted.length === 0) return decision;
    observed.given ??= new Map();
    for (const wanted of decision.wanted) {
      observed.given.set(wanted.path, await givenOf(deps, run, wanted, { signal }));
    }
  }
}

/**
 * The answer to another start may put off what was started already, and the reconcile may fail before it is stored: later
 * decisions have to know of it before the caches do.
 */
function noteBegun({ memories, clock }: DecideDeps, { uid }: RunContext, observed: ObservedRun, count: number): void {
  if (count === 0) return;
  observed.begun = true;
  memories.of(uid).begunAt = clock.monotonic();
}

/** Whether nothing looks at attempts any more: the run is over, or is to be continued by another. */
const isLast = ({ state: { finished, continuing } }: Decision): boolean =>
  finished !== undefined || continuing !== undefined;

type Start = Extract<Action, { type: 'Start' }>;

const keyOf = ({ path, attempt }: Start): string => attemptKey(path, attempt);

function startsWithout(answers: ReadonlyMap<string, Answer>, actions: readonly Action[]): Start[] {
  return actions.filter((action): action is Start => action.type === 'Start' && !answers.has(keyOf(action)));
}

const cancelOf = ({ path, attempt, task, rendered: { backend } }: Start): Action => {
  return { type: 'Cancel', path, attempt, task, backend };
};

/** In the status the state is text inside JSON: quotes and backslashes count twice, other characters at most three times. */
const isOverBudget = (state: string): boolean =>
  state.length > STATE_REFUSED_BYTES / 3 && utf8Length(JSON.stringify(state)) > STATE_REFUSED_BYTES;
