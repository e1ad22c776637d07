import { isServiceAccount, type Signal, type SignalResponse, someOf } from '../api/index.ts';
import { canonicalJson, fillForm } from '../engine/index.ts';
import type { User } from './people.ts';

const SHOWN = 8;

/** The content of an inbox. */
export type Answer = Pick<SignalResponse, 'decision' | 'comment' | 'values'>;

/** The inbox of a Signal; undefined when it is empty. */
export function inboxOf({ spec }: Signal): Answer | undefined {
  const { decision, comment, values } = spec;
  if (decision === undefined && comment === undefined && values === undefined) return undefined;
  return {
    ...(decision === undefined ? {} : { decision }),
    ...(comment === undefined ? {} : { comment }),
    ...(values === undefined ? {} : { values }),
  };
}

/** Whether two answers decide the same; comments may differ. */
export function decidesTheSame(one: Answer, other: Answer): boolean {
  return one.decision === other.decision && canonicalJson(one.values ?? {}) === canonicalJson(other.values ?? {});
}

/** Why an answer of this user can never count; undefined if it may. */
export function answerProblem(signal: Signal, answer: Answer, user: User): string | undefined {
  return endProblem(signal) ?? personProblem(signal, user) ?? contentProblem(signal, answer);
}

function endProblem({ status }: Signal): string | undefined {
  const phase = status?.phase ?? 'Pending';
  if (phase === 'Pending') return undefined;
  const by = status?.decision === undefined ? '' : ` with ${status.decision}`;
  return `this signal has ended (${phase}${by}) and accepts no more answers`;
}

function personProblem({ spec }: Signal, user: User): string | undefined {
  const { users = [], groups = [], notRequester, notRequesters = [] } = spec.request ?? {};
  const { username } = user;
  if (notRequester === username) {
    return `"${username}" requested the run and may not decide it; someone else must (spec.request.notRequester)`;
  }
  if (notRequesters.includes(username)) {
    return `"${username}" is an indirect requester of the run and may not decide it; someone else must (spec.request.notRequesters)`;
  }
  if (users.includes(username)) return undefined;
  if (isServiceAccount(username)) {
    return `"${username}" is a service account, which counts only if the approvers of the task list it as a user`;
  }
  if (users.length === 0 && groups.length === 0) return undefined;
  if (user.groups.some((group) => groups.includes(group))) return undefined;
  return `"${username}" is not an approver; approvers: ${asked('users', users)}${
    users.length > 0 && groups.length > 0 ? ' and ' : ''
  }${asked('groups', groups)}`;
}

function asked(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  return `the ${what} ${someOf(names, SHOWN)}`;
}

function contentProblem({ spec }: Signal, { decision, values }: Answer): string | undefined {
  const form = spec.request?.form;
  if (spec.type === 'Input') {
    if (decision === 'Reject') return 'spec.decision: an Input is answered with spec.values, and cannot be rejected';
    return values === undefined && (form ?? []).length > 0
      ? `spec.values: no values given; required: ${form?.map(({ name }) => name).join(', ')}`
      : formProblem(spec, values);
  }
  if (decision === undefined) return 'spec.decision: required; set Approve or Reject';
  return decision === 'Approve' ? formProblem(spec, values) : undefined;
}

/** Later approvals may omit values that earlier ones gave. */
function formProblem(
  { request, responses = [] }: Signal['spec'],
  values: SignalResponse['values'],
): string | undefined {
  const given = responses.filter(({ decision }) => decision !== 'Reject').map((response) => response.values);
  const filled = fillForm(request?.form, Object.assign({}, ...given, values));
  return 'problem' in filled ? `spec.${filled.problem}` : undefined;
}
