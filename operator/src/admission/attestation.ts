import {
  type Attests,
  type Backfill,
  type Proves,
  type Signal,
  type SignalResponse,
  type Stamp,
  type Workflow,
  type WorkflowRun,
  withoutAttestation,
} from '../api/index.ts';
import { digestOfWritten } from '../engine/index.ts';
import type { Left } from './served.ts';

/** What is vouched for. Its `of` tells the claims apart, so that a code for one never fits another. */
type Claim =
  | ReturnType<typeof responseClaim>
  | ReturnType<typeof senderClaim>
  | ReturnType<typeof requesterClaim>
  | ReturnType<typeof desiredStateClaim>
  | ReturnType<typeof writerClaim>;

/** An answer is bound to its Signal by uid: one that was made again under the same name asks again. */
export function responseClaim(signal: Signal, response: SignalResponse) {
  const { namespace, name, uid } = signal.metadata;
  return { of: 'response', namespace, name, uid, response: withoutAttestation(response) } as const;
}

/** Bound by name: what is being created has no uid yet. */
export function senderClaim({ metadata, spec }: Signal, sender: Stamp) {
  const { namespace, name } = metadata;
  const { run, name: channel, data } = spec;
  return { of: 'sender', namespace, name, run, channel, data, sender: withoutAttestation(sender) } as const;
}

/** Bound by name, and to what is asked for. */
export function requesterClaim(asked: WorkflowRun | Backfill, requester: Stamp) {
  const { namespace, name } = asked.metadata;
  return { of: 'requester', namespace, name, ...wishOf(asked), requester: withoutAttestation(requester) } as const;
}

function wishOf({ spec }: WorkflowRun | Backfill) {
  if (!('workflowRef' in spec)) {
    const { workflow, schedule, from, to, order } = spec;
    return { kind: 'Backfill', workflow, schedule, from, to, order };
  }
  const { workflowRef, parameters, from } = spec;
  return { workflow: workflowRef.name, ...(parameters?.length ? { parameters } : {}), from };
}

/** Bound to the state that was asked for. */
export function desiredStateClaim({ metadata, spec }: WorkflowRun | Backfill, by: Stamp) {
  const { namespace, name, uid } = metadata;
  const { desiredState } = spec;
  return { of: 'desiredState', namespace, name, uid, desiredState, by: withoutAttestation(by) } as const;
}

/** Bound by name, and to all that was written: what is changed where no webhook is asked has no known writer. */
export function writerClaim({ metadata, spec }: Workflow, writer: Stamp) {
  const { namespace, name } = metadata;
  return {
    ...({ of: 'writer', namespace, name, written: digestOfWritten(spec) } as const),
    writer: withoutAttestation(writer),
  };
}

/** Makes and judges attestations: codes over claims about people, by the keys of the cluster. */
export class Attestation implements Attests {
  readonly #codes: Proves;
  readonly #left: Left;

  /** `codes` are those of attestations, and of no other purpose; they count only in namespaces that are not `left`. */
  constructor(codes: Proves, left: Left) {
    this.#codes = codes;
    this.#left = left;
  }

  /** The code that vouches for a claim. @throws Error while there is no key */
  code(claim: Claim): string {
    return this.#codes.code(claim);
  }

  response(signal: Signal, response: SignalResponse): boolean {
    return this.#fits(response.attestation, () => responseClaim(signal, response));
  }

  sender(signal: Signal): boolean {
    const { sender } = signal.spec;
    return sender !== undefined && this.#fits(sender.attestation, () => senderClaim(signal, sender));
  }

  requester(run: WorkflowRun | Backfill): boolean {
    const { requester } = run.spec;
    return requester !== undefined && this.#fits(requester.attestation, () => requesterClaim(run, requester));
  }

  desiredState(run: WorkflowRun | Backfill): boolean {
    const by = run.spec.desiredStateBy;
    return by !== undefined && this.#fits(by.attestation, () => desiredStateClaim(run, by));
  }

  writer(workflow: Workflow): boolean {
    const { writer } = workflow.spec;
    return writer !== undefined && this.#fits(writer.attestation, () => writerClaim(workflow, writer));
  }

  inherited(from: WorkflowRun, to: WorkflowRun): Stamp | undefined {
    const { requester } = from.spec;
    if (requester === undefined) return undefined;
    const stamp = withoutAttestation(requester);
    return this.requester(from) ? { ...stamp, attestation: this.code(requesterClaim(to, stamp)) } : stamp;
  }

  #fits(code: string | undefined, claim: () => Claim): boolean {
    if (code === undefined) return false;
    const claimed = claim();
    return this.#left(claimed.namespace) === undefined && this.#codes.proves(code, claimed);
  }
}
