/**
 * Requests to hosts that a workflow names, made by the operator or by a pod of a task: whom they may reach, and how much
 * of the answer is kept. It knows no kind of ours and nothing of the API server.
 *
 * 1. A name is resolved once; what was resolved is judged, and the connection goes there and nowhere else.
 * 2. Every redirect is judged like the first request. Headers go to the origin that they were given for, and no other.
 * 3. Time and bytes are bounded: one limit for everything until the answer, 16 KiB of its body.
 * 4. No message holds a header, a body that was sent, or the query of a URL, nor what looks like a secret in an answer.
 */
export { AddressGuard, CidrError, type Reach } from './addresses.ts';
export { type AnswerOutputs, describeStatus, isSuccess, outputsOf, withoutSecrets } from './answer.ts';
export { HostList, HostPatternError } from './hosts.ts';
export { ask, type WebAnswer, WebError, type WebPolicy, type WebRequest } from './request.ts';
