/**
 * HTTP within limits. Requests to hosts that a workflow names, made by the operator or by the pod of a task: which hosts
 * they may reach, and how much of the answer is kept. And the server that each listener of the operator is made of. It
 * knows none of Ado's kinds and nothing of the API server.
 *
 * 1. A name is resolved once; its addresses are judged, and the connection goes to one of them and nowhere else.
 * 2. Every redirect is judged like the first request. Headers go to the origin that they were given for, and no other.
 * 3. Time and bytes are bounded: one limit for everything until the answer, 16 KiB of its body.
 * 4. No message contains a header, a request body, the query of a URL, or a likely secret of an answer.
 * 5. A client of a server can hold only a bounded share of connections, header bytes and time.
 */
export { AddressGuard, CidrError, type Reach } from './addresses.ts';
export { type AnswerOutputs, describeStatus, isSuccess, outputsOf, withoutSecrets } from './answer.ts';
export { HostList, HostPatternError } from './hosts.ts';
export { ask, type WebAnswer, WebError, type WebPolicy, type WebRequest } from './request.ts';
export { HttpServer, type HttpServerOptions } from './server.ts';
