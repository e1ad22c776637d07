import type { Approval, FormField, People, WaitForSignal } from '../../api/index.ts';
import { parameterProblems } from './parameters.ts';
import type { Problem } from './problem.ts';

/** An approval that can be given, by somebody, and whose expiry leads somewhere. */
export function approvalProblems(approval: Approval | undefined, path: string): Problem[] {
  if (approval === undefined) return [];
  const { approvers, escalation, approvals = 1, onExpiry, expiresAfter, form = [] } = approval;
  const escalated = escalation && [approvers, escalation.approvers];
  return [
    ...peopleProblems(approvers, `${path}.approvers`),
    ...peopleProblems(escalation?.approvers, `${path}.escalation.approvers`),
    ...enough([approvers], approvals, `${path}.approvals`),
    ...(escalated ? enough(escalated, escalation.approvals ?? approvals, `${path}.escalation.approvals`) : []),
    ...formProblems(form, `${path}.form`, ['decision', 'approvers', 'comment']),
    ...expiryProblems(approval, path),
    ...alone(expiresAfter, onExpiry, path),
  ];
}

export function waitProblems(wait: WaitForSignal | undefined, path: string): Problem[] {
  if (wait === undefined) return [];
  return [
    ...peopleProblems(wait.from, `${path}.from`),
    ...formProblems(wait.values ?? [], `${path}.values`, ['sender']),
    ...alone(wait.expiresAfter, wait.onExpiry, path),
  ];
}

function peopleProblems(people: People | undefined, path: string): Problem[] {
  if (people === undefined || (people.users?.length ?? 0) + (people.groups?.length ?? 0) > 0) return [];
  return [{ path, message: 'it names nobody, so nobody can answer; name users or groups, or remove it' }];
}

/** Where only users are named, there must be as many of them as are needed. */
function enough(people: readonly (People | undefined)[], needed: number, path: string): Problem[] {
  const users = new Set(people.flatMap((each) => each?.users ?? []));
  const isOpen = people.some((each) => each === undefined || (each.groups?.length ?? 0) > 0);
  if (isOpen || users.size === 0 || users.size >= needed) return [];
  return [{ path, message: `${needed} approvals are needed, but only ${users.size} users are named; name more` }];
}

function formProblems(form: readonly FormField[], path: string, own: readonly string[]): Problem[] {
  const taken = form.flatMap(({ name }, index) => {
    if (!own.includes(name)) return [];
    return [{ path: `${path}[${index}].name`, message: `"${name}" is a built-in output of the task; rename it` }];
  });
  return [...parameterProblems(form, path), ...taken];
}

function expiryProblems({ onExpiry, escalation, form = [] }: Approval, path: string): Problem[] {
  const isAsked = onExpiry === 'Escalate';
  const problems: Problem[] = [];
  if (isAsked !== (escalation !== undefined)) {
    const message = 'escalation and onExpiry: Escalate go together; set both or neither';
    problems.push({ path: `${path}.escalation`, message });
  }
  const isTime = onExpiry === 'Approve' || escalation?.onExpiry === 'Approve';
  const open = form.findIndex((field) => field.default === undefined);
  if (isTime && open >= 0) {
    const message = `on automatic approval nobody sets "${form[open]?.name}"; give it a default`;
    problems.push({ path: `${path}.form[${open}].default`, message });
  }
  return [...problems, ...alone(escalation?.expiresAfter, escalation?.onExpiry, `${path}.escalation`)];
}

function alone(expiresAfter: string | undefined, onExpiry: string | undefined, path: string): Problem[] {
  if (onExpiry === undefined || expiresAfter !== undefined) return [];
  return [{ path: `${path}.onExpiry`, message: 'it never expires; set expiresAfter too' }];
}
