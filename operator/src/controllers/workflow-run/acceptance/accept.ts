import { encodeEvent, objectKey, type Workflow, type WorkflowRun } from '../../../api/index.ts';
import { accept, evolve, resolveParameters } from '../../../engine/index.ts';
import { TerminalError } from '../../../runtime/index.ts';
import { lineageAtStart, lineageOf } from '../../lineage.ts';
import { findRevision, type Pinned, type Stores } from '../../stores/stores.ts';
import type { RunDeps } from '../deps.ts';
import { type Accepted, type Declined, type NotYet, workflowNotFound } from './acceptance.ts';
import { acceptSuccessor } from './continue.ts';
import { givenTo, mustHaveTask, type Origin, originalOf, originOf } from './origin.ts';
import { readParameters } from './read-parameters.ts';
import { stillQueued, takeTurn } from './take-turn.ts';
import { type TakenOver, takenOver } from './taken-over.ts';

type AcceptDeps = Pick<RunDeps, 'stores' | 'client' | 'memories' | 'plans' | 'proves' | 'attests' | 'identities'>;

/**
 * What a run without state starts from.
 * @throws TerminalError InvalidParameters when its parameters do not fit, InvalidOrigin when it cannot repeat what it names
 */
export async function acceptRun(
  deps: AcceptDeps,
  run: WorkflowRun,
  now: number,
  signal: AbortSignal,
): Promise<Accepted | NotYet | Declined> {
  if (run.spec.continues) return acceptSuccessor(deps, run, now, signal);
  const { namespace = '' } = run.metadata;
  const { name } = run.spec.workflowRef;
  const workflow = deps.stores.workflows.get(objectKey({ namespace, name }));
  if (!workflow) return workflowNotFound({ name, namespace });
  const latest = newest(deps.stores, workflow, run);
  if (!run.spec.from && 'reason' in latest) return latest;
  const queued = stillQueued(deps, workflow, run);
  if (queued) return queued;
  const origin = await originOf(deps, run, signal);
  const pinned = (origin && originalOf(deps, run, origin)) ?? latest;
  if ('reason' in pinned) return pinned;
  const { digest, definition } = pinned.content;
  const given = origin ? givenTo(run, origin, definition.parameters) : run.spec.parameters;
  const read = await readParameters(deps, run, definition, given, signal);
  if ('reason' in read) return read;
  const parameters = resolveParameters(definition.parameters, given, read);
  if ('problem' in parameters) throw new TerminalError('InvalidParameters', parameters.problem);
  const { values } = parameters;
  const asked = lineageAtStart(run, deps, { workflow, ...(origin && { repeats: lineageOf(origin.run, deps) }) });
  const beginning = { content: pinned.content, parameters: values, asked };
  mustHaveTask(run, definition);
  const wait = await takeTurn(deps, { workflow, run, definition, params: values }, signal);
  if (wait) return wait;
  // Last, for it may read all of a history: a run that waits for its turn would do so at each look.
  const taken = origin && (await takenOver(deps, run, origin, beginning, signal));
  return { ...pinned, asked, lineage: seriesOf(origin, taken), ...begun(accept(digest, values, now), taken) };
}

/** The series of runs that a run belongs to, with what it does again of the one before. */
function seriesOf(origin: Origin | undefined, taken: TakenOver | undefined): Accepted['lineage'] {
  return origin && { ...origin.lineage, ...(taken?.repeated ? { repeated: taken.repeated } : {}) };
}

/** The state of a run with what it has taken over. */
function begun({ state, encoded }: ReturnType<typeof accept>, taken: TakenOver | undefined) {
  const { event } = taken ?? {};
  if (!event) return { state, encoded: [encoded] };
  return { state: evolve(state, event), encoded: [encoded, encodeEvent(event)] };
}

/** What makes these runs goes on when an edit is not valid, with the newest definition that was. */
const GOES_ON: ReadonlySet<string> = new Set(['Schedule', 'Backfill']);

/** The definition of the Workflow as it is now. */
function newest(stores: Stores, { metadata, status }: Workflow, { spec }: WorkflowRun): Pinned | NotYet {
  const { name, namespace = '' } = metadata;
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
  const isCurrent = status?.observedGeneration === metadata.generation && ready?.status === 'True';
  const mayRun = isCurrent || GOES_ON.has(spec.origin?.type ?? '');
  const pinned = mayRun && status?.definition ? findRevision(stores, namespace, name, status.definition) : undefined;
  // One that is missing has only not reached the cache yet.
  if (pinned && (!('reason' in pinned) || pinned.reason === 'RevisionForged')) return pinned;
  const why = ready?.status === 'False' ? `: ${ready.message}` : ' yet';
  return { reason: 'WorkflowNotReady', message: `the Workflow ${name} is not ready${why}`.slice(0, 2048) };
}
