import type { Backfill, Stamp, WorkflowRun } from '../api/index.ts';
import { canonicalJson } from '../engine/index.ts';
import { desiredStateClaim, requesterClaim } from './attestation.ts';
import { stampOf, unstampable } from './people.ts';
import { type Moment, nameOf, type Stamped, type Wish } from './stamped.ts';

/** Runs made by hand: their pods are named after them. */
const MAX_NAME = 52;

/** What somebody asks for, and can stop and set going again. */
type Asked = WorkflowRun | Backfill;

/** What becomes of a WorkflowRun or Backfill that somebody creates or changes. The operator itself is not asked. */
export function stampRun({ object, old }: Wish<Asked>, moment: Moment): Stamped {
  const refusal = unstampable(moment.user) ?? (old === undefined ? claimedProvenance(object) : undefined);
  if (refusal !== undefined) return { refusal };
  return old === undefined ? stampRequester(object, moment) : stampChange(object, old, moment);
}

function claimedProvenance({ spec }: Asked): string | undefined {
  if (!('provenance' in spec) || spec.provenance === undefined) return undefined;
  return 'spec.provenance: only the operator says how it came to make a run; leave it out';
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
  // Who applies a manifest again leaves out what was written for them.
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
  return { refusal: 'spec.desiredStateBy: the admission webhook writes it when desiredState changes; leave it out' };
}

/** What a request says of who wrote the desired state, where that is not simply what is stored. */
function changedStamp(run: Asked, old: Asked): Stamp | undefined {
  const given = run.spec.desiredStateBy;
  return canonicalJson(given) === canonicalJson(old.spec.desiredStateBy) ? undefined : given;
}

export function inOtherName(field: string, given: Stamp | undefined, username: string): string | undefined {
  if (given === undefined || given.username === username) return undefined;
  return `spec.${field}: "${given.username}" is not the requesting user; omit the field, "${username}" is recorded`;
}
