import { MAX_RESPONSES, type Signal, type SignalResponse } from '../api/index.ts';
import { canonicalJson } from '../engine/index.ts';
import { type Answer, answerProblem, decidesTheSame, inboxOf } from './answer.ts';
import { responseClaim, senderClaim } from './attestation.ts';
import { stampOf, unstampable } from './people.ts';
import { type Moment, nameOf, type Stamped, UNCHANGED, type Wish } from './stamped.ts';

const EMPTY_INBOX = { decision: undefined, comment: undefined, values: undefined };
const MAX_NAME = 253;

/** Stamps a Signal that a user creates or changes. Writes of the operator are not reviewed. */
export function stampSignal({ object, old }: Wish<Signal>, moment: Moment): Stamped {
  const refusal = unstampable(moment.user);
  if (refusal !== undefined) return { refusal };
  if (old !== undefined) return old.spec.type === 'Data' ? keepSender(object, old) : takeAnswer(object, old, moment);
  if (object.spec.type === 'Data') return stampSender(object, moment);
  return {
    refusal: `spec.type: only the operator creates Signals of type ${object.spec.type}; to send data, use type Data`,
  };
}

function stampSender(signal: Signal, { user, now, attestation, suffix }: Moment): Stamped {
  const given = signal.spec.sender?.username;
  if (given !== undefined && given !== user.username) {
    return { refusal: `spec.sender: "${given}" is not the sender; omit the field, "${user.username}" is recorded` };
  }
  const name = nameOf(signal.metadata, suffix, MAX_NAME);
  const sender = stampOf(user, now);
  const named = { ...signal, metadata: { ...signal.metadata, name } };
  return { spec: { sender: { ...sender, attestation: attestation.code(senderClaim(named, sender)) } }, name };
}

/** Keeps the sender where a manifest that is applied again lacks it. */
function keepSender(signal: Signal, old: Signal): Stamped {
  const { sender } = old.spec;
  return signal.spec.sender === undefined && sender !== undefined ? { spec: { sender } } : UNCHANGED;
}

function takeAnswer(signal: Signal, old: Signal, moment: Moment): Stamped {
  const { responses = [] } = old.spec;
  if (canonicalJson(signal.spec.responses ?? []) !== canonicalJson(responses)) {
    return {
      refusal:
        'spec.responses: only the admission webhook adds responses, and they never change; answer with spec.decision and spec.comment, or spec.values',
    };
  }
  const answer = inboxOf(signal);
  if (answer === undefined) return UNCHANGED;
  const before = responses.find(({ username }) => username === moment.user.username);
  if (before !== undefined) return again(before, answer);
  const refusal = answerProblem(old, answer, moment.user) ?? fullProblem(responses);
  if (refusal !== undefined) return { refusal };
  return { spec: { ...EMPTY_INBOX, responses: [...responses, record(old, answer, moment)] } };
}

/** Each user answers once: repeating the answer changes nothing, and a different one is refused. */
function again(before: SignalResponse, answer: Answer): Stamped {
  const decided = before.decision ?? 'with values';
  const already = `you have answered already: ${decided}${before.time ? ` at ${before.time}` : ''}`;
  if (!decidesTheSame(before, answer)) return { refusal: `${already}; an answer cannot be changed` };
  const lost = answer.comment !== undefined && answer.comment !== before.comment;
  return { spec: EMPTY_INBOX, ...(lost ? { warning: `${already}; the new comment is not recorded` } : {}) };
}

function fullProblem(responses: readonly unknown[]): string | undefined {
  if (responses.length < MAX_RESPONSES) return undefined;
  return `spec.responses: ${MAX_RESPONSES} people have answered; no more answers are recorded`;
}

function record(signal: Signal, answer: Answer, { user, now, attestation }: Moment): SignalResponse {
  const { request } = signal.spec;
  const response: SignalResponse = {
    ...stampOf(user, now, request?.groups),
    ...answer,
    ...(request === undefined ? {} : { digest: request.digest }),
  };
  return { ...response, attestation: attestation.code(responseClaim(signal, response)) };
}
