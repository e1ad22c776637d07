import { type AttemptObject, type AttemptObservation, depthOf, type WorkflowRun } from '../../api/index.ts';
import {
  attemptKey,
  type Decision,
  type Given,
  liveAttempts,
  type Observed,
  type Plan,
  type RunIdentity,
  type RunState,
} from '../../engine/index.ts';
import { CACHE_LAG_MS, type RunContext, type Stranger } from '../../executors/index.ts';
import { begunLineageOf, type LineageDeps, lineageOf, resumedBy } from '../lineage.ts';
import { readRun } from '../stores/read-run.ts';
import type { RunDeps } from './deps.ts';
import { observeMail } from './inbox.ts';
import { freshest } from './memory.ts';

/** The run to decide on: never older than what this process wrote last. Undefined when it is gone. */
export async function observeRun(deps: RunDeps, key: string, signal: AbortSignal): Promise<WorkflowRun | undefined> {
  const cached = deps.stores.runs.get(key);
  if (!cached) return undefined;
  const memory = deps.memories.of(cached.metadata.uid ?? '');
  if (!memory.isDoubtful) {
    const run = freshest(cached, memory);
    // The cache has caught up: a second copy of each run would cost as much memory as the first.
    if (run === cached) memory.latest = undefined;
    return run;
  }
  const live = await readRun(deps, cached, signal);
  memory.isDoubtful = false;
  if (!live) return undefined;
  memory.latest = live;
  return live;
}

/** Whether nothing about the run will ever be decided again. */
export function isOver(run: WorkflowRun): boolean {
  const succeeded = run.status?.conditions?.find(({ type }) => type === 'Succeeded');
  return succeeded !== undefined && succeeded.status !== 'Unknown';
}

export function contextOf(run: WorkflowRun, signal: AbortSignal): RunContext {
  const { name, namespace = '', uid = '' } = run.metadata;
  return { name, namespace, uid, workflow: run.spec.workflowRef.name, signal };
}

/** What identifies a run towards expressions, and towards those who are asked on its behalf. */
export function identityOf(run: WorkflowRun, deps: LineageDeps): RunIdentity {
  const { name, namespace = '', uid = '' } = run.metadata;
  const { workflowRef, number, continues, requester } = run.spec;
  const { requesters, unknown } = begunLineageOf(run, deps);
  const resumed = resumedBy(run, deps);
  return {
    ...{ name, namespace, uid, workflow: workflowRef.name },
    ...(number === undefined ? {} : { number }),
    ...(continues ? { root: continues.root } : {}),
    ...(requester ? { requester: requester.username } : {}),
    requesters,
    ...(unknown ? { isUnknown: true } : {}),
    ...(resumed === undefined ? {} : { resumedBy: resumed }),
  };
}

/** The context with what the starts of other runs need of a run that has begun. */
export function beganContext(context: RunContext, run: WorkflowRun, deps: LineageDeps): RunContext {
  return { ...context, asked: () => ({ lineage: lineageOf(run, deps), depth: depthOf(run, deps.proves) }) };
}

export interface ObservedRun extends Observed {
  readonly attempts: Map<string, AttemptObservation>;
  readonly recheckAfter: number | undefined;
  overBudget?: boolean;
  begun?: boolean;
  records?: boolean;
  readonly objects?: ReadonlyMap<string, AttemptObject>;
  only?: ReadonlySet<string>;
  page?: number;
  given?: Map<string, Given>;
  earlier?: Given;
}

/** Everything that a decision is made on. */
export async function observeAttempts(
  deps: RunDeps,
  context: RunContext,
  run: WorkflowRun,
  plan: Plan,
  state: RunState,
): Promise<ObservedRun> {
  const live = liveAttempts({ identity: identityOf(run, deps), plan, state });
  const { seen, recheckAfter = NEVER, strangers = [] } = await deps.executor.observe(context, live);
  for (const stranger of strangers) tellOfStranger(deps, run, stranger);
  const attempts = new Map(seen.map(({ path, attempt, observation }) => [attemptKey(path, attempt), observation]));
  const objects = new Map(
    seen.flatMap(({ path, attempt, object }) => (object ? [[attemptKey(path, attempt), object] as const] : [])),
  );
  const { recheckAfter: nextMail = NEVER, ...mail } = await observeMail(deps, run, state, live, signalOf(context));
  const lag = unseenFor(deps, context);
  const next = Math.min(recheckAfter, nextMail, lag > 0 ? lag : NEVER);
  const again = next === NEVER ? undefined : next;
  return { desiredState: run.spec.desiredState, attempts, objects, ...mail, begun: lag > 0, recheckAfter: again };
}

/**
 * Milliseconds for which something may be under way that neither the state nor the caches know: an earlier reconcile began
 * it, and its last decision left it out because of what another start was answered.
 */
function unseenFor({ memories, clock }: RunDeps, { uid }: RunContext): number {
  const { begunAt } = memories.of(uid);
  return begunAt === undefined ? 0 : Math.max(0, begunAt + CACHE_LAG_MS - clock.monotonic());
}

/** Of how many strangers a run tells; whoever makes more of them is known by then. */
const MAX_STRANGERS = 10;

/** Tells people once of an object that says it is the run's and is not. */
function tellOfStranger({ memories, recorder }: RunDeps, run: WorkflowRun, stranger: Stranger): void {
  const memory = memories.of(run.metadata.uid ?? '');
  memory.strangers ??= new Set();
  if (memory.strangers.has(stranger.uid) || memory.strangers.size >= MAX_STRANGERS) return;
  memory.strangers.add(stranger.uid);
  const { kind, namespace, name, why } = stranger;
  const what =
    why === 'MadeAgain' ? 'was deleted and recreated by someone else' : 'carries Ado labels but was not created by Ado';
  const message = `the ${kind} ${namespace}/${name} ${what}; it is ignored: delete it or remove its flow.ado.dev labels`;
  recorder.event(run, 'Warning', 'StrangerIgnored', 'Observe', message);
}

const NEVER = Number.POSITIVE_INFINITY;

/** By what a decision asks whom, so that the status that tells of it also says how to answer. */
export async function observeAsked(
  deps: Pick<RunDeps, 'executor' | 'attests' | 'proves'>,
  { run, plan, context }: { readonly run: WorkflowRun; readonly plan: Plan; readonly context: RunContext },
  { state, actions }: Decision,
  observed: ObservedRun,
): Promise<void> {
  const started = new Set(
    actions.flatMap((action) =>
      action.type === 'Start' && action.rendered.backend === 'Signal' ? [attemptKey(action.path, action.attempt)] : [],
    ),
  );
  if (started.size === 0) return;
  const live = liveAttempts({ identity: identityOf(run, deps), plan, state });
  const { seen } = await deps.executor.observe(
    context,
    live.filter(({ path, attempt }) => started.has(attemptKey(path, attempt))),
  );
  for (const { path, attempt, observation } of seen) {
    if (started.has(attemptKey(path, attempt))) observed.attempts.set(attemptKey(path, attempt), observation);
  }
}

/** What gives up the requests of a reconcile. */
export const signalOf = ({ signal }: RunContext): AbortSignal => signal ?? new AbortController().signal;

/**
 * What people would see of the attempts beyond what the state says: which are running, and why others are not. An
 * attempt that is just pending says nothing: that is what the status shows of one that was started.
 */
export function sightOf({ attempts }: ObservedRun): string {
  let sight = '';
  for (const [key, seen] of attempts) {
    if (seen.phase === 'Running') sight += `${key} runs\n`;
    if (seen.phase === 'Asked') sight += `${key} asks by ${seen.signal.name}\n`;
    const waits = seen.phase === 'Refused' || (seen.phase === 'Pending' && seen.reason !== undefined);
    if (waits) sight += `${key} ${seen.reason} ${seen.message}\n`;
  }
  return sight;
}
