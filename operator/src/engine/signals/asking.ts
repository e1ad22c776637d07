import {
  type FormField,
  isServiceAccount,
  type ObservedUser,
  type People,
  parseDuration,
  someOf,
  type Task,
} from '../../api/index.ts';
import type { RunIdentity } from '../bindings/bindings.ts';
import type { Ask, Unit } from '../state/state.ts';

/** What an approval and a wait for a signal have in common: who may answer what, until when. Made from the definition. */
export interface Asking {
  /** Who may answer; undefined: everybody whom RBAC lets. */
  readonly people: People | undefined;
  /** Who may besides, once it has escalated. */
  readonly later: People | undefined;
  readonly notRequester: boolean;
  readonly allowUnattested: boolean;
  readonly form: readonly FormField[];
  /** Approvals that are needed, and rejections that fail it. */
  readonly needed: number;
  readonly rejections: number;
}

export function askingOf({ approval, waitForSignal }: Task, ask: Ask | undefined): Asking {
  const { people, form } = approval
    ? { people: approval.approvers, form: approval.form }
    : { people: waitForSignal?.from, form: waitForSignal?.values };
  const { escalation, approvals = 1, rejections = 1, notRequester = false } = approval ?? {};
  const isEscalated = ask?.escalatedAt !== undefined;
  return {
    people,
    later: escalation?.approvers,
    notRequester,
    allowUnattested: (approval ?? waitForSignal)?.allowUnattested ?? false,
    form: form ?? [],
    needed: (isEscalated ? escalation?.approvals : undefined) ?? approvals,
    rejections,
  };
}

/** What happens when nobody has answered in time. */
export type OnExpiry = 'Reject' | 'Approve' | 'Escalate' | 'Fail' | 'Continue';

/** When a live ask expires, in milliseconds since the run was accepted, and what happens then; undefined: never. */
export function expiryOf(
  { approval, waitForSignal }: Task,
  { ask, since = 0 }: Unit,
): { at: number; onExpiry: OnExpiry } | undefined {
  const escalatedAt = ask?.escalatedAt;
  if (approval && escalatedAt !== undefined) {
    const { expiresAfter, onExpiry = 'Reject' } = approval.escalation ?? {};
    return expiresAfter === undefined ? undefined : { at: escalatedAt + parseDuration(expiresAfter), onExpiry };
  }
  const expiresAfter = (approval ?? waitForSignal)?.expiresAfter;
  if (expiresAfter === undefined) return undefined;
  const onExpiry = approval ? (approval.onExpiry ?? 'Reject') : (waitForSignal?.onExpiry ?? 'Fail');
  return { at: since + parseDuration(expiresAfter), onExpiry };
}

/** Why an answer counts: by name (no group) or by a group, now or once it has escalated; or why it does not. */
export type Eligibility = { readonly group?: string; readonly later?: true } | { readonly void: VoidReason };
export type VoidReason =
  | 'Unattested'
  | 'NotAllowed'
  | 'Requester'
  | 'RequesterUnknown'
  | 'ShownDiffers'
  | 'ValuesInvalid';

/** Whether a user is one of those who are asked. */
export function eligibilityOf(asking: Asking, identity: RunIdentity, user: ObservedUser): Eligibility {
  if (!user.attested && !asking.allowUnattested) return { void: 'Unattested' };
  const requester = asking.notRequester ? eligibilityOfRequester(asking, identity, user) : undefined;
  if (requester) return requester;
  const now = membership(asking.people, user);
  if (now) return now;
  const then = asking.later && membership(asking.later, user);
  return then ? { ...then, later: true } : { void: 'NotAllowed' };
}

/** Everybody who asked for what led to the run is excluded; where one of them is not known, that may be anybody. */
function eligibilityOfRequester(
  { allowUnattested }: Asking,
  { requester, requesters = [], resumedBy, isUnknown }: RunIdentity,
  user: ObservedUser,
): Eligibility | undefined {
  if ([requester, resumedBy, ...requesters].includes(user.username)) return { void: 'Requester' };
  return isUnknown && !allowUnattested ? { void: 'RequesterUnknown' } : undefined;
}

/** A service account counts only by its own name: nobody means it by a group that all of them are in. */
function membership(people: People | undefined, { username, groups }: ObservedUser): { group?: string } | undefined {
  if (people?.users?.includes(username)) return {};
  if (isServiceAccount(username)) return undefined;
  if (!people) return {};
  const group = people.groups?.find((each) => groups.includes(each));
  return group === undefined ? undefined : { group };
}

/** What the votes come to, for all that counts by now. */
export function tally({ votes, escalatedAt }: Ask): { approvers: string[]; rejecters: string[] } {
  const counting = votes.filter((vote) => vote.void === undefined && (!vote.later || escalatedAt !== undefined));
  const of = (decision: string) => counting.filter((vote) => vote.decision === decision).map((vote) => vote.username);
  return { approvers: of('Approve'), rejecters: of('Reject') };
}

/** Whom an answer is awaited from, for people. */
export function describePeople(people: People | undefined): string {
  const { users = [], groups = [] } = people ?? {};
  const named = [...groups.map((group) => `group ${group}`), ...users];
  if (named.length === 0) return 'anybody who may patch signals';
  return someOf(named, 5);
}
