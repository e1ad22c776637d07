import {
  type Attests,
  controllerOf,
  objectId,
  type Proves,
  type Reason,
  type Signal,
  type SignalStatus,
  WORKFLOW_RUN,
  type WorkflowRun,
} from '../../api/index.ts';
import { isSettled, liveAttempts, type Plan, type RunState, signalView, type Verdict } from '../../engine/index.ts';
import { type Asking, type Identities, isAskedBy, isMadeFor } from '../../executors/index.ts';
import { storedState } from '../stores/stored-state.ts';
import { timestamp } from '../timestamp.ts';
import { identityOf, isOver } from '../workflow-run/observe.ts';

/** How a signal ended, and in which run. */
export interface Ending {
  readonly phase: Verdict['phase'];
  readonly reason: string;
  readonly message: string;
  readonly run?: WorkflowRun;
  readonly task?: string | undefined;
  readonly decision?: Verdict['decision'];
}

/** What a signal waits for, as its status shows it. */
export type Waiting = Pick<SignalStatus, 'waitingFor' | 'votes' | 'expiresAt' | 'responses'>;

export type Judgement =
  | { readonly ended: Ending }
  | { readonly waits: Waiting }
  /** There is no such run in the cache. */
  | 'NoRun'
  /** What decides on it has not been stored yet. */
  | 'NotYet';

export interface JudgeDeps {
  /** The definition that a run executes, if it can be read. */
  readonly planOf: (run: WorkflowRun) => Plan | undefined;
  readonly attests: Attests;
  readonly proves: Proves;
  readonly identities: Pick<Identities, 'isProven'>;
}

/**
 * The outcome of a signal, by the stored state of its runs: the links of the chain that it names, in their order. Only the
 * state of a run says how a signal ended.
 */
export function judgeSignal(deps: JudgeDeps, signal: Signal, links: readonly WorkflowRun[]): Judgement {
  const { uid = '' } = signal.metadata;
  for (const run of links) {
    const state = storedState(run);
    const verdict = state === 'Unreadable' ? undefined : state?.verdicts.get(uid);
    if (verdict) return { ended: endingOf(verdict, run) };
  }
  return signal.spec.type === 'Data' ? judgeData(links, signal) : judgeAsked(deps, links, signal);
}

function endingOf({ phase, reason, message, task, decision }: Verdict, run: WorkflowRun): Ending {
  return { phase, reason, message: message ?? WORDS[phase], run, task, decision };
}

const WORDS: Record<Verdict['phase'], string> = {
  Delivered: 'the task received it',
  Rejected: 'not counted',
  Expired: 'timed out',
};

/** Data is taken by whichever task waits for its name, now or later, in any link of the chain. */
function judgeData(links: readonly WorkflowRun[], { spec }: Signal): Judgement {
  const newest = links.at(-1);
  if (!newest) return 'NoRun';
  const isContinued = newest.status?.chain?.next !== undefined;
  if (isOver(newest) && !isContinued) return { ended: runEnded(newest) };
  return { waits: { waitingFor: `a task of ${spec.run} that waits for ${spec.name}` } };
}

/** What the operator made itself belongs to one task of one run. */
function judgeAsked(deps: JudgeDeps, links: readonly WorkflowRun[], signal: Signal): Judgement {
  const run = askerAmong(deps, links, signal);
  // It goes with its run, which is gone or not in the cache yet.
  if (!run && saysItIsAsked(signal)) return 'NotYet';
  if (!run) {
    return {
      ended: rejected('NotAsked', 'no task created this signal; Approval and Input signals are created by tasks'),
    };
  }
  const state = storedState(run);
  if (state === undefined || state === 'Unreadable') return isOver(run) ? { ended: runEnded(run) } : 'NotYet';
  return judgeTask(deps, run, state, signal);
}

const saysItIsAsked = ({ metadata, spec }: Signal): boolean =>
  spec.proof !== undefined || controllerOf(metadata)?.kind === WORKFLOW_RUN.kind;

/**
 * The run that asks by a signal: by its proof, whoever its owners say it belongs to. One from before there were proofs is
 * known by what its run has recorded of it, or by its owner.
 */
export function askerAmong(deps: JudgeDeps, links: readonly WorkflowRun[], signal: Signal): WorkflowRun | undefined {
  const owner = controllerOf(signal.metadata);
  return (
    links.find(({ metadata: { namespace = '', uid = '' } }) =>
      isMadeFor(signal, { namespace, uid }, deps.identities),
    ) ??
    links.find(({ metadata }) => metadata.uid === owner?.uid) ??
    links.find((run) => isRecorded(deps, run, signal))
  );
}

/** Whether the state of a run says that it asks by just this object. */
function isRecorded(deps: JudgeDeps, run: WorkflowRun, { metadata, spec }: Signal): boolean {
  const state = isOver(run) ? undefined : storedState(run);
  const plan = state === undefined || state === 'Unreadable' ? undefined : deps.planOf(run);
  if (!plan || state === undefined || state === 'Unreadable') return false;
  return askingOf(deps, plan, run, state).get(spec.task ?? '')?.object === objectId(metadata.uid ?? '');
}

function judgeTask(deps: JudgeDeps, run: WorkflowRun, state: RunState, signal: Signal): Judgement {
  const path = signal.spec.task ?? '';
  const plan = deps.planOf(run);
  const view = plan && signalView(plan, state, path);
  if (view) {
    const { name, namespace = '', uid = '' } = run.metadata;
    const asking = askingOf(deps, plan, run, state).get(path) ?? { path, rendered: undefined };
    if (!isAskedBy(signal, { name, namespace, uid }, asking, deps.identities)) {
      return {
        ended: rejected(
          'NotAsked',
          `not the signal that task ${path} created: its content differs, or the operator did not create it`,
        ),
      };
    }
    const { expiresAt, responses, ...shown } = view;
    const expires = expiresAt === undefined ? {} : { expiresAt: timestamp(expiresAt) };
    return { waits: { ...shown, ...expires, responses: [...responses] } };
  }
  if (isSettled(state, path, 0)) return { ended: taskEnded(run, path) };
  return isOver(run) ? { ended: runEnded(run) } : 'NotYet';
}

/** What the tasks of a run ask, by path: rendered once for each stored state. */
const asked = new WeakMap<RunState, Map<string, Asking>>();

function askingOf(deps: JudgeDeps, plan: Plan, run: WorkflowRun, state: RunState): Map<string, Asking> {
  const known = asked.get(state);
  if (known) return known;
  const live = liveAttempts({ identity: identityOf(run, deps), plan, state });
  const asks = new Map(
    live.flatMap(({ path, backend, rendered, object, unproven }) => {
      const what = rendered?.backend === 'Signal' ? rendered : undefined;
      return backend === 'Signal' ? [[path, { path, rendered: what, object, unproven }]] : [];
    }),
  );
  asked.set(state, asks);
  return asks;
}

const taskEnded = (run: WorkflowRun, task: string): Ending => ({
  ...{ phase: 'Expired', reason: 'TaskEnded', message: `the task ${task} ended without it` },
  ...{ run, task },
});

function runEnded(run: WorkflowRun): Ending {
  const { phase = 'Failed' } = run.status ?? {};
  return { ...rejected('RunEnded', `the run ${run.metadata.name} has ended (${phase}); send it to another run`), run };
}

export function rejected(reason: Reason, message: string): Ending {
  return { phase: 'Rejected', reason, message };
}
