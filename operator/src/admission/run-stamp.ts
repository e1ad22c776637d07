import type { Backfill, Stamp, WorkflowRun } from '../api/index.ts';
import { canonicalJson } from '../engine/index.ts';
import { desiredStateClaim, requesterClaim } from './attestation.ts';
import { stampOf, unstampable } from './people.ts';
import { type Moment, nameOf, type Stamped, type Wish } from './stamped.ts';

/** Longest name of a manual run; the names of its pods are derived from it. */
const MAX_NAME = 52;

/** The kinds with a requester and a desired state. */
type Asked = WorkflowRun | Backfill;

/** Stamps a WorkflowRun or Backfill that a user creates or changes. Writes of the operator are not reviewed. */
export function stampRun({ object, old }: Wish<Asked>, moment: Moment): Stamped {
  const refusal = unstampable(moment.user) ?? (old === undefined ? claimedProvenance(object) : undefined);
  if (refusal !== undefined) return { refusal };
  return old === undefined ? stampRequester(object, moment) : stampChange(object, old, moment);
}

function claimedProvenance({ spec }: Asked): string | undefined {
  if (!('provenance' in spec) || spec.provenance === undefined) return undefined;
  return 'spec.provenance: only the operator sets it; omit the field';
}

function stampRequester(run: Asked, { user, now, attestation, suffix }: Moment): Stamped {
  const refusal = inOtherName('requester', run.spec.requester, user.username);
  if (refusal !== undefined) return { refusal };
  const name = nameOf(run.metadata, suffix, MAX_NAME);
  const requester = stampOf(user, now);
  const named = { ...run, metadata: { ...run.metadata, name } };
  const attested = { ...requester, attestation: attestation.code(requesterClaim(named, requester)) };
  return { spec: { requester: attested, desiredStateBy: undefined }, name };
}

function stampChange(run: Asked, old: Asked, { user, now, attestation }: Moment): Stamped {
  // A manifest that is applied again lacks the fields that the webhook wrote.
  const requester = run.spec.requester ?? old.spec.requester;
  if (run.spec.desiredState === old.spec.desiredState) return unchangedState(run, old, requester);
  const refusal = inOtherName('desiredStateBy', changedStamp(run, old), user.username);
  if (refusal !== undefined) return { refusal };
  const by = stampOf(user, now);
  return {
    spec: { requester, desiredStateBy: { ...by, attestation: attestation.code(desiredStateClaim(run, by)) } },
  };
}

function unchangedState(run: Asked, old: Asked, requester: Stamp | undefined): Stamped {
  const given = changedStamp(run, old);
  if (given === undefined) return { spec: { requester, desiredStateBy: old.spec.desiredStateBy } };
  return { refusal: 'spec.desiredStateBy: the admission webhook sets it when desiredState changes; omit the field' };
}

/** The desiredStateBy of a request, if it differs from the stored one. */
function changedStamp(run: Asked, old: Asked): Stamp | undefined {
  const given = run.spec.desiredStateBy;
  return canonicalJson(given) === canonicalJson(old.spec.desiredStateBy) ? undefined : given;
}

export function inOtherName(field: string, given: Stamp | undefined, username: string): string | undefined {
  if (given === undefined || given.username === username) return undefined;
  return `spec.${field}: "${given.username}" is not the requesting user; omit the field, "${username}" is recorded`;
}
