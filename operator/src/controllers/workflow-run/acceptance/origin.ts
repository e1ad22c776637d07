import {
  continuedAs,
  type Definition,
  type Json,
  objectKey,
  type Parameter,
  type WorkflowRun,
  type WorkflowRunStatus,
} from '../../../api/index.ts';
import { decodeState, type RunState, UnknownStateVersionError } from '../../../engine/index.ts';
import { TerminalError } from '../../../runtime/index.ts';
import { wholeRun } from '../../stores/finished-runs.ts';
import { findRevision, type Pinned, type Unpinned } from '../../stores/stores.ts';
import type { RunDeps } from '../deps.ts';
import { isOver } from '../observe.ts';

type OriginDeps = Pick<RunDeps, 'stores' | 'client'>;
type Lineage = NonNullable<WorkflowRunStatus['origin']>;

/** The run that another one repeats. Nothing of it is needed after that one has been accepted. */
export interface Origin {
  readonly run: WorkflowRun;
  readonly state: RunState;
  readonly lineage: Lineage;
}

/** @throws TerminalError InvalidOrigin when the run of that name cannot be repeated */
export async function originOf(deps: OriginDeps, run: WorkflowRun, signal: AbortSignal): Promise<Origin | undefined> {
  const { from } = run.spec;
  if (!from) return undefined;
  const { namespace = '' } = run.metadata;
  const cached = deps.stores.runs.get(objectKey({ namespace, name: from.run }));
  const origin = cached && (await wholeRun(deps.client, cached, signal));
  if (!origin) throw invalid(`WorkflowRun ${from.run} not found in ${namespace}; use an existing run`);
  const { name, uid = '' } = origin.metadata;
  if (origin.spec.workflowRef.name !== run.spec.workflowRef.name) {
    throw invalid(`${name} is a run of ${origin.spec.workflowRef.name}; set workflowRef to that Workflow`);
  }
  if (!isOver(origin)) throw invalid(`${name} has not ended; wait for it to end or cancel it`);
  const next = continuedAs(origin);
  if (next !== undefined && from.mode !== 'Rerun') {
    throw invalid(`${name} was continued by ${next}; use the last run of its chain, or mode Rerun`);
  }
  const before = origin.status?.origin;
  const lineage = { run: name, uid, root: before?.root ?? name, attempt: (before?.attempt ?? 1) + 1 };
  return { run: origin, state: stateOf(origin), lineage };
}

/** Why a run cannot repeat another. */
export const invalid = (why: string): TerminalError => new TerminalError('InvalidOrigin', `spec.from: ${why}`);

function stateOf({ metadata, status }: WorkflowRun): RunState {
  if (status?.state === undefined) throw invalid(`${metadata.name} never started; create a run without spec.from`);
  try {
    return decodeState(status.state);
  } catch (error) {
    if (error instanceof UnknownStateVersionError) throw invalid(error.message);
    throw error;
  }
}

/** @throws TerminalError InvalidOrigin when a run is to repeat another from a task that there is not */
export function mustHaveTask({ spec }: WorkflowRun, { tasks }: Definition): void {
  const { mode, task } = spec.from ?? {};
  if (mode === 'Rerun' || task === undefined || tasks.some(({ name }) => name === task)) return;
  throw invalid(`the definition has no task ${task}; it has: ${tasks.map(({ name }) => name).join(', ')}`);
}

/** The definition that the origin executed, unless the newest is asked for. */
export function originalOf(
  deps: Pick<RunDeps, 'stores'>,
  run: WorkflowRun,
  { run: origin }: Origin,
): Pinned | Unpinned | undefined {
  if (run.spec.from?.definition === 'Latest') return undefined;
  const { namespace = '' } = run.metadata;
  const found = findRevision(deps.stores, namespace, run.spec.workflowRef.name, origin.status?.definition);
  if (!('reason' in found) || found.reason === 'RevisionForged') return found;
  throw invalid(`the definition of ${origin.metadata.name} is gone; set definition to Latest`);
}

/** What the run is given: its own values, and for all others those of the origin. */
export function givenTo(
  run: WorkflowRun,
  { state }: Origin,
  declared: readonly Parameter[] = [],
): { name: string; value: string }[] {
  const own = run.spec.parameters ?? [];
  const inherited = declared.flatMap(({ name }) => {
    const value = state.parameters[name];
    const isInherited = value !== undefined && !own.some((each) => each.name === name);
    return isInherited ? [{ name, value: textOf(value) }] : [];
  });
  return [...own, ...inherited];
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
