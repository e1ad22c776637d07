import {
  type ConditionWish,
  decodeEvents,
  mergeConditions,
  type Signal,
  type SignalStatus,
  type Vote,
  type WorkflowRun,
} from '../../api/index.ts';
import type { Ending, Waiting } from './judge.ts';

const MAX_WAITING_FOR = 256;

/** The status of a signal that waits. */
export function waitingStatus(signal: Signal, waits: Waiting, now: string): SignalStatus {
  const { waitingFor = '' } = waits;
  const wish = { type: 'Succeeded', status: 'Unknown', reason: 'Waiting', message: `waits for ${waitingFor}` } as const;
  const shown = { ...waits, waitingFor: waitingFor.slice(0, MAX_WAITING_FOR) };
  return { ...judged(signal, wish, now), phase: 'Pending', ...shown };
}

/** The status of a signal that has ended. */
export function endedStatus(signal: Signal, ending: Ending, now: string): SignalStatus {
  const { phase, reason, message, run, task, decision } = ending;
  const wish = { type: 'Succeeded', status: phase === 'Delivered' ? 'True' : 'False', reason, message } as const;
  return {
    ...judged(signal, wish, now),
    phase,
    ...(run ? { run: run.metadata.name } : {}),
    ...(task === undefined ? {} : { task }),
    ...(decision === undefined ? {} : { decision }),
    ...(signal.spec.type === 'Data' ? {} : answered(signal, ending)),
  };
}

function judged({ metadata, status }: Signal, wish: ConditionWish, now: string): SignalStatus {
  const { generation } = metadata;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: mergeConditions(status?.conditions, [wish], generation, now),
  };
}

/** What became of each response: as it was shown, and what the run recorded since, the last of which made the decision. */
function answered({ spec, status }: Signal, { run, task }: Ending): Pick<SignalStatus, 'votes' | 'responses'> {
  const votes = run && task !== undefined ? votesIn(run, task) : [];
  const responses = new Map(status?.responses?.map((response) => [response.username, response]));
  for (const { username, void: reason } of votes) {
    responses.set(username, { username, counts: reason === undefined, ...(reason === undefined ? {} : { reason }) });
  }
  if (spec.type === 'Input') return { responses: [...responses.values()] };
  const [shown = 0, needed = spec.request?.approvals ?? 1] = (status?.votes ?? '')
    .split('/')
    .filter(Boolean)
    .map(Number);
  const known = new Set(status?.responses?.map(({ username }) => username));
  const fresh = votes.filter((vote) => isApproval(vote) && !known.has(vote.username));
  return { votes: `${shown + fresh.length}/${needed}`, responses: [...responses.values()] };
}

const isApproval = ({ decision, void: reason }: Vote): boolean => decision === 'Approve' && reason === undefined;

/** What the run recorded of the answers to a task, unless that is in a page already. */
function votesIn({ status }: WorkflowRun, path: string): Vote[] {
  const events = decodeEvents(status?.journal?.tail ?? '[]');
  return events.flatMap((event) => (event.type === 'Responded' && event.path === path ? event.votes : []));
}
