import type { Plan } from '../plan/plan.ts';
import { type Ask, isLive, type RunState } from '../state/state.ts';
import { type Place, placeOf } from '../state/walk.ts';
import { type Asking, askingOf, describePeople, expiryOf, tally } from './asking.ts';

/** What the signal of a task that asks shows while it waits. */
export interface SignalView {
  /** Approvals of those that are needed: `1/2`. */
  readonly votes?: string;
  /** What is missing, and from whom. */
  readonly waitingFor: string;
  /** Epoch milliseconds. */
  readonly expiresAt?: number;
  readonly responses: readonly { readonly username: string; readonly counts: boolean; readonly reason?: string }[];
}

/** What a live ask waits for; undefined of a path that asks nobody now. */
export function signalView(plan: Plan, state: RunState, path: string): SignalView | undefined {
  const place = placeOf(plan, state, path);
  if (place?.planned.backend !== 'Signal' || !isLive(place.unit)) return undefined;
  return viewOf(place, state);
}

export function viewOf({ planned: { task }, unit }: Pick<Place, 'planned' | 'unit'>, state: RunState): SignalView {
  const { ask = NOTHING } = unit;
  const asking = askingOf(task, ask);
  const expiry = expiryOf(task, unit);
  const approvals = tally(ask).approvers.length;
  return {
    ...(task.approval ? { votes: `${approvals}/${asking.needed}` } : {}),
    waitingFor: task.approval ? missingApprovals(asking, ask, asking.needed - approvals) : missingValues(asking),
    ...(expiry ? { expiresAt: state.at + expiry.at } : {}),
    responses: responsesOf(ask),
  };
}

const NOTHING: Ask = { votes: [], values: {} };

function missingApprovals({ people, later }: Asking, { escalatedAt }: Ask, missing: number): string {
  const isWider = escalatedAt !== undefined && later !== undefined && people !== undefined;
  const from = isWider ? `${describePeople(people)}, ${describePeople(later)}` : describePeople(people);
  return `${missing} approval${missing === 1 ? '' : 's'} by ${from}`;
}

function missingValues({ people, form }: Asking): string {
  const what = form.length === 0 ? 'a signal' : form.map(({ name }) => name).join(', ');
  return `${what} from ${describePeople(people)}`;
}

function responsesOf({ votes, escalatedAt }: Ask): SignalView['responses'] {
  return votes.map((vote) => {
    const isLater = vote.later === true && escalatedAt === undefined;
    const reason = vote.void ?? (isLater ? 'NotYetAsked' : undefined);
    return { username: vote.username, counts: reason === undefined, ...(reason === undefined ? {} : { reason }) };
  });
}
