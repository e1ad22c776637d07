import type { Stamp, Workflow } from '../api/index.ts';
import { canonicalJson, digestOfWritten } from '../engine/index.ts';
import { writerClaim } from './attestation.ts';
import { stampOf, unstampable } from './people.ts';
import { inOtherName } from './run-stamp.ts';
import { type Moment, nameOf, type Stamped, type Wish } from './stamped.ts';

/** Names of Workflows: their runs are named after them. */
const MAX_NAME = 40;

/**
 * What becomes of a Workflow that somebody creates or changes: whoever changes what is run, or what starts it, is written
 * down. A change of anything else leaves that as it is, and so does a manifest that is applied again.
 */
export function stampWorkflow({ object, old }: Wish<Workflow>, { user, now, attestation, suffix }: Moment): Stamped {
  if (old && digestOfWritten(object.spec) === digestOfWritten(old.spec)) return kept(object, old);
  const { writer: given } = object.spec;
  const isKept = isSame(given, old?.spec.writer);
  const refusal = unstampable(user) ?? (isKept ? undefined : inOtherName('writer', given, user.username));
  if (refusal !== undefined) return { refusal };
  const name = nameOf(object.metadata, suffix, MAX_NAME);
  const writer = stampOf(user, now);
  const named = { ...object, metadata: { ...object.metadata, name } };
  return { spec: { writer: { ...writer, attestation: attestation.code(writerClaim(named, writer)) } }, name };
}

const isSame = (one: Stamp | undefined, other: Stamp | undefined): boolean =>
  canonicalJson(one) === canonicalJson(other);

function kept({ spec }: Workflow, old: Workflow): Stamped {
  const { writer } = old.spec;
  if (spec.writer === undefined || isSame(spec.writer, writer)) return { spec: { writer } };
  return { refusal: 'spec.writer: the admission webhook writes it when the Workflow changes; leave it out' };
}
