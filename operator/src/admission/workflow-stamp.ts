import type { Stamp, Workflow } from '../api/index.ts';
import { canonicalJson, digestOfWritten } from '../engine/index.ts';
import { writerClaim } from './attestation.ts';
import { stampOf, unstampable } from './people.ts';
import { inOtherName } from './run-stamp.ts';
import { type Moment, nameOf, type Stamped, type Wish } from './stamped.ts';

/** Longest name of a Workflow; the names of its runs are derived from it. */
const MAX_NAME = 40;

/**
 * Stamps a Workflow that a user creates or changes: a change of the definition or its triggers records the user as the
 * writer. Any other change keeps the writer, and so does a manifest that is applied again.
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
  return { refusal: 'spec.writer: the admission webhook sets it when the Workflow changes; omit the field' };
}
