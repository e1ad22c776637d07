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

/** An attested statement. Its `of` distinguishes the kinds of claims, so that a code for one never fits another. */
type Claim =
  | ReturnType<typeof responseClaim>
  | ReturnType<typeof senderClaim>
  | ReturnType<typeof requesterClaim>
  | ReturnType<typeof desiredStateClaim>
  | ReturnType<typeof writerClaim>;

/** Binds an answer to its Signal by uid, so that a recreated Signal of the same name needs new answers. */
export function responseClaim(signal: Signal, response: SignalResponse) {
  const { namespace, name, uid } = signal.metadata;
  return { of: 'response', namespace, name, uid, response: withoutAttestation(response) } as const;
}

/** Binds a sender to its Signal by name, because a new object has no uid yet. */
export function senderClaim({ metadata, spec }: Signal, sender: Stamp) {
  const { namespace, name } = metadata;
  const { run, name: channel, data } = spec;
  return { of: 'sender', namespace, name, run, channel, data, sender: withoutAttestation(sender) } as const;
}

/** Binds a requester to a run or Backfill by name and by the requested fields. */
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

/** Binds a user to the desired state that they set. */
export function desiredStateClaim({ metadata, spec }: WorkflowRun | Backfill, by: Stamp) {
  const { namespace, name, uid } = metadata;
  const { desiredState } = spec;
  return { of: 'desiredState', namespace, name, uid, desiredState, by: withoutAttestation(by) } as const;
}

/** Binds a writer to a Workflow by name and by content: after a change without the webhook, the writer is unknown. */
export function writerClaim({ metadata, spec }: Workflow, writer: Stamp) {
  const { namespace, name } = metadata;
  return {
    ...({ of: 'writer', namespace, name, written: digestOfWritten(spec) } as const),
    writer: withoutAttestation(writer),
  };
}

/** Makes and verifies attestations: codes over claims about people, by the proof keys of the cluster. */
export class Attestation implements Attests {
  readonly #codes: Proves;
  readonly #left: Left;

  /**
   * `codes` have the purpose `attestations`; they are valid only in namespaces that this operator serves (not `left`).
   */
  constructor(codes: Proves, left: Left) {
    this.#codes = codes;
    this.#left = left;
  }

  /** The code that attests a claim. @throws Error while there is no key */
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
