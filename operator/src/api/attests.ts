import type { Backfill, Signal, Workflow, WorkflowRun } from './object.ts';
import type { SignalResponse } from './signal.ts';
import type { Stamp } from './stamp.ts';

/**
 * Whether the admission webhook vouches for what an object says about a person: whether the attestation in it is one that
 * only the webhook can make, for just this content. It says nothing about whether a webhook is installed now.
 */
export interface Attests {
  /** Who answered, when, and what. */
  response(signal: Signal, response: SignalResponse): boolean;
  /** Who sent a signal of type Data, when, and what. */
  sender(signal: Signal): boolean;
  /** Who asked for a run. */
  requester(run: WorkflowRun | Backfill): boolean;
  /** Who wrote the desiredState that it has. */
  desiredState(run: WorkflowRun | Backfill): boolean;
  /** Who last wrote what a Workflow runs, and what starts it. */
  writer(workflow: Workflow): boolean;
  /**
   * Who asked for a run, for one that the operator makes because of it: a child, or the next of a chain. Attested for
   * `to` where it was attested for `from`, else without any attestation.
   */
  inherited(from: WorkflowRun, to: WorkflowRun): Stamp | undefined;
}

/** A stamp without what vouches for it. */
export function withoutAttestation<T extends Pick<Stamp, 'attestation'>>(stamp: T): Omit<T, 'attestation'> {
  const { attestation: _code, ...rest } = stamp;
  return rest;
}

/** Nobody vouches for anything: there is no admission webhook. */
export const UNATTESTED: Attests = {
  response: () => false,
  sender: () => false,
  requester: () => false,
  desiredState: () => false,
  writer: () => false,
  inherited: ({ spec }) => spec.requester && withoutAttestation(spec.requester),
};
