import type { DataSignal, Json, ObservedResponse, Vote } from '../../api/index.ts';
import type { Pass } from '../advance/pass.ts';
import { succeed } from '../advance/success.ts';
import { unitBindings } from '../bindings/unit-bindings.ts';
import { ExpressionError } from '../expression/index.ts';
import { askingOf, eligibilityOf, expiryOf, tally } from '../signals/asking.ts';
import { renderSignal } from '../signals/render-signal.ts';
import { MAX_MESSAGE_LENGTH, type Verdict } from '../state/state.ts';
import type { Place } from '../state/walk.ts';
import { fillForm, readForm } from '../values/form.ts';

/**
 * What people and systems have answered. Answers are taken in the order of their times, and an expiry has its turn among
 * them: what came in time counts, however late it is looked at, and what came after does not. An answer that nobody
 * vouches for has the time of now.
 */
export function signals(pass: Pass): void {
  for (const place of pass.places()) {
    const { planned, unit, cause } = place;
    if (planned.backend !== 'Signal' || unit.phase !== 'Live' || cause) continue;
    if (!pass.room()) return;
    if (planned.action === 'approval') approval(pass, place);
    if (planned.action === 'waitForSignal') wait(pass, place);
  }
}

function approval(pass: Pass, place: Place): void {
  for (const { response, at } of unheard(pass, place)) {
    if (expire(pass, place, at)) return;
    pass.emit({ type: 'Responded', path: place.path, votes: [voteOf(pass, place, response, at)] });
    if (decide(pass, place)) return;
  }
  expire(pass, place, pass.t);
}

/** What was sent to the task itself first, then what was sent to the run by its name. */
function wait(pass: Pass, place: Place): void {
  if (hearInput(pass, place) || takeNext(pass, place)) return;
  expire(pass, place, pass.t);
}

/** Whether the wait is over by what was written into the signal that asks. */
function hearInput(pass: Pass, place: Place): boolean {
  for (const { response, at } of unheard(pass, place)) {
    if (expire(pass, place, at)) return true;
    const vote = voteOf(pass, place, response, at);
    pass.emit({ type: 'Responded', path: place.path, votes: [vote] });
    if (vote.void !== undefined) continue;
    end(pass, place, { phase: 'Delivered', reason: 'Delivered', task: place.path });
    succeed(pass, place, { ...vote.values, sender: response.username });
    return true;
  }
  return false;
}

/** Whether the wait is over by the next signal of its name, or by having no room for one. */
function takeNext(pass: Pass, place: Place): boolean {
  for (const sent of pass.observed.inbox ?? []) {
    if (sent.name !== nameOf(place) || pass.state.verdicts.has(sent.uid)) continue;
    if (!pass.room() || expire(pass, place, timeOf(pass, sent.sender?.time)) || take(pass, place, sent)) return true;
  }
  return false;
}

const nameOf = ({ planned: { task } }: Place): string => task.waitForSignal?.name ?? task.name;

/** Times of other clocks are not believed beyond now. */
const timeOf = ({ t, state }: Pass, time: number | undefined): number =>
  time === undefined ? t : Math.min(t, time - state.at);

/** Answers that are not on record, the oldest first. */
function unheard(pass: Pass, { path, unit }: Place): { response: ObservedResponse; at: number }[] {
  const seen = pass.observation(path, unit.attempt);
  if (seen?.phase !== 'Asked') return [];
  const heard = new Set(unit.ask?.votes.map(({ username }) => username));
  return seen.responses
    .filter(({ username }) => !heard.has(username))
    .map((response) => ({ response, at: timeOf(pass, response.time) }))
    .sort((a, b) => a.at - b.at);
}

function voteOf(pass: Pass, place: Place, response: ObservedResponse, at: number): Vote {
  const { username, decision, comment, attested } = response;
  const judged = judge(pass, place, response);
  return {
    username,
    at,
    ...(attested ? {} : { unattested: true }),
    ...(decision === undefined ? {} : { decision }),
    ...(comment === undefined ? {} : { comment }),
    ...judged,
  };
}

/** What is kept of why an answer does not fit. */
const MAX_WHY = 200;

type Judged = Pick<Vote, 'void' | 'why' | 'group' | 'later' | 'values'>;

function judge(pass: Pass, place: Place, response: ObservedResponse): Judged {
  const { task } = place.planned;
  const asking = askingOf(task, place.unit.ask);
  const standing = eligibilityOf(asking, pass.identity, response);
  if ('void' in standing) return standing;
  if (response.attested && response.digest !== digestShown(pass, place)) return { void: 'ShownDiffers' };
  if (task.approval && response.decision === undefined) return unfit('it has no decision');
  if (response.decision === 'Reject')
    return task.approval ? standing : unfit('a request for values cannot be rejected');
  const given = readForm(asking.form, response.values);
  if ('problem' in given) return unfit(given.problem);
  const all = fillForm(asking.form, { ...place.unit.ask?.values, ...given.values });
  if ('problem' in all) return unfit(all.problem);
  if (task.approval) return { ...standing, ...someOf(given.values) };
  return { ...standing, values: all.values };
}

const unfit = (why: string): Judged => ({ void: 'ValuesInvalid', why: why.slice(0, MAX_WHY) });

const someOf = (values: { [name: string]: Json }): Pick<Vote, 'values'> =>
  Object.keys(values).length > 0 ? { values } : {};

/** Of what is shown now; what cannot be shown, nobody has seen. */
function digestShown(pass: Pass, place: Place): string | undefined {
  try {
    const { planned, unit } = place;
    return renderSignal(planned, unit, pass.identity, unitBindings(pass, place)).request.digest;
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}

/** Ends an approval whose votes say so. */
function decide(pass: Pass, place: Place): boolean {
  const { unit, planned, path } = place;
  if (!unit.ask) return false;
  const { needed, rejections, form } = askingOf(planned.task, unit.ask);
  const { approvers, rejecters } = tally(unit.ask);
  const { comment = '' } = unit.ask;
  if (rejecters.length >= rejections) {
    const why = `rejected by ${rejecters.join(', ')}${comment === '' ? '' : `: ${comment}`}`;
    fail(pass, place, { phase: 'Rejected', reason: 'Rejected', message: why, decision: 'Reject' });
    return true;
  }
  if (approvers.length < needed) return false;
  const filled = fillForm(form, unit.ask.values);
  const message = `approved by ${approvers.join(', ')}`.slice(0, MAX_MESSAGE_LENGTH);
  end(pass, place, { phase: 'Delivered', reason: 'Approved', message, decision: 'Approve', task: path });
  const values = 'values' in filled ? filled.values : {};
  succeed(pass, place, { ...values, decision: 'Approve', approvers, comment });
  return true;
}

/** Whether the ask is over by a time, which ends it; one that escalates is not over. */
function expire(pass: Pass, place: Place, at: number): boolean {
  const { unit, planned, path } = place;
  const expiry = expiryOf(planned.task, unit);
  if (!expiry || at < expiry.at) return false;
  if (expiry.onExpiry === 'Escalate') {
    pass.emit({ type: 'Escalated', path });
    return decide(pass, place) || expire(pass, place, at);
  }
  if (expiry.onExpiry === 'Reject' || expiry.onExpiry === 'Fail') {
    const message = planned.action === 'approval' ? 'nobody decided in time' : 'nothing was sent in time';
    fail(pass, place, { phase: 'Expired', reason: 'Expired', message });
    return true;
  }
  const { form } = askingOf(planned.task, unit.ask);
  const filled = fillForm(form, unit.ask?.values);
  const values = 'values' in filled ? filled.values : {};
  const own = planned.action === 'approval' ? { decision: 'Approve', approvers: [], comment: '' } : { sender: '' };
  end(pass, place, { phase: 'Expired', reason: 'Expired', message: 'time decided', task: path });
  succeed(pass, place, { ...values, ...own });
  return true;
}

function fail(pass: Pass, place: Place, verdict: Verdict): void {
  const { path } = place;
  const message = (verdict.message ?? '').slice(0, MAX_MESSAGE_LENGTH);
  end(pass, place, { ...verdict, message, task: path });
  pass.emit({ type: 'Failed', path, failure: { reason: verdict.reason, message } });
}

/** The end of the signal that asked, if it is there. */
function end(pass: Pass, { path, unit }: Place, { task, ...verdict }: Verdict): void {
  const seen = pass.observation(path, unit.attempt);
  if (seen?.phase !== 'Asked') return;
  pass.emit({ type: 'Judged', uid: seen.signal.uid, ...verdict, ...(task === undefined ? {} : { path: task }) });
}

/** Takes what was sent, or says why it does not fit; then the next is looked at. */
function take(pass: Pass, place: Place, { uid, object, sender, values }: DataSignal): boolean {
  const { path, planned } = place;
  const asking = askingOf(planned.task, undefined);
  const user = sender ?? { username: '', groups: [], attested: false };
  const standing = eligibilityOf(asking, pass.identity, user);
  const filled = fillForm(asking.form, values);
  const about = { uid, object, ...(sender ? { sender: sender.username } : {}) };
  if ('void' in standing) {
    pass.emit({ type: 'Judged', phase: 'Rejected', reason: standing.void, path, ...about });
    return false;
  }
  if ('problem' in filled) {
    const message = filled.problem.slice(0, MAX_MESSAGE_LENGTH);
    pass.emit({ type: 'Judged', phase: 'Rejected', reason: 'ValuesInvalid', path, message, ...about });
    return false;
  }
  pass.emit({ type: 'Judged', phase: 'Delivered', reason: 'Delivered', path, ...about });
  succeed(pass, place, { ...filled.values, sender: user.username });
  return true;
}
