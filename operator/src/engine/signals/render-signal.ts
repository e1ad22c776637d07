import type { RenderedSignal, SignalRequest } from '../../api/index.ts';
import type { RunIdentity } from '../bindings/bindings.ts';
import { type Bindings, renderText } from '../expression/index.ts';
import type { PlannedTask } from '../plan/plan.ts';
import type { Unit } from '../state/state.ts';
import { digestOf } from '../values/digest.ts';
import { askingOf } from './asking.ts';

/**
 * What people are shown. Its digest says what a user has seen: it is over all of it, and the same whenever it is made of
 * the same definition and values.
 * @throws ExpressionError when the message cannot be evaluated
 */
export function renderSignal(
  { task }: PlannedTask,
  { ask }: Unit,
  identity: RunIdentity,
  bindings: Bindings,
): RenderedSignal {
  const { people, later, notRequester, form, needed } = askingOf(task, undefined);
  const isApproval = task.approval !== undefined;
  const users = [...new Set([...(people?.users ?? []), ...(later?.users ?? [])])];
  const groups = [...new Set([...(people?.groups ?? []), ...(later?.groups ?? [])])];
  const shown: Omit<SignalRequest, 'digest'> = {
    ...(task.approval
      ? { message: renderText(task.approval.message, bindings).slice(0, MAX_SHOWN), approvals: needed }
      : {}),
    ...(people && users.length > 0 ? { users } : {}),
    ...(people && groups.length > 0 ? { groups } : {}),
    ...(notRequester ? excluded(identity) : {}),
    ...(form.length > 0 ? { form: [...form] } : {}),
  };
  return {
    backend: 'Signal',
    type: isApproval ? 'Approval' : 'Input',
    run: identity.root ?? identity.name,
    request: { ...shown, digest: digestOf(shown) },
    answered: (ask?.votes ?? []).map(({ username, decision }) => ({ username, ...(decision ? { decision } : {}) })),
  };
}

/** Who may not decide: whoever asked, and beside them whoever asked for what led to the run. */
function excluded({ requester, requesters = [] }: RunIdentity): Pick<SignalRequest, 'notRequester' | 'notRequesters'> {
  const [first, ...others] = [...new Set([...(requester === undefined ? [] : [requester]), ...requesters])];
  return {
    ...(first === undefined ? {} : { notRequester: first }),
    ...(others.length > 0 ? { notRequesters: others } : {}),
  };
}

/** What the schema of a Signal takes. */
const MAX_SHOWN = 4096;
