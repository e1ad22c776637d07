import type { ServerResponse } from 'node:http';

/** Results of requests: a label of metrics, and `code` or `result` of the answer. */
export const RESULTS = [
  'Accepted',
  'Duplicate',
  'Filtered',
  'NotFound',
  'MethodNotAllowed',
  'Unauthorized',
  'TooLarge',
  'TooSlow',
  'BodyInvalid',
  'FilterFailed',
  'KeyInvalid',
  'ParametersInvalid',
  'RunRefused',
  'RateLimited',
  'Suspended',
  'Busy',
  'NotReady',
  'Unavailable',
] as const;
export type WebhookResult = (typeof RESULTS)[number];

/** The answer to a valid request, with or without a run. */
export interface Taken {
  readonly status: 200 | 202;
  readonly result: WebhookResult;
  readonly run?: string;
  readonly namespace?: string;
}

/** The answer to a refused request (RFC 9457). `detail` tells the sender what to do and never quotes the request. */
export interface Refused {
  readonly status: 400 | 401 | 404 | 405 | 408 | 413 | 422 | 429 | 503;
  readonly result: WebhookResult;
  readonly detail: string;
  /** The field of the trigger that caused the refusal. */
  readonly field?: string;
  readonly retryAfterSeconds?: number;
}

export type WebhookResponse = Taken | Refused;

const TITLES: Readonly<Record<Refused['status'], string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
};

/**
 * The answer to any failed authentication: the same for a wrong signature, an unknown trigger and an unknown Workflow,
 * so that requests reveal no names.
 */
export const UNAUTHORIZED: Refused = {
  status: 401,
  result: 'Unauthorized',
  detail: 'authentication failed, or there is no such trigger',
  // A Secret that cannot be read now may be readable later; the answer must not reveal the difference.
  retryAfterSeconds: 30,
};

export const unavailable = (detail: string, retryAfterSeconds = 10): Refused => ({
  status: 503,
  result: 'Unavailable',
  detail,
  retryAfterSeconds,
});

/** Writes an answer. `close` closes the connection after it; the rest of the request is not read. */
export function write(response: ServerResponse, answer: WebhookResponse, close = false): void {
  if (response.headersSent || response.destroyed) return;
  const body = JSON.stringify('detail' in answer ? problemOf(answer) : takenOf(answer));
  response.writeHead(answer.status, {
    'content-type': 'detail' in answer ? 'application/problem+json' : 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headersOf(answer),
    ...(close ? { connection: 'close' } : {}),
  });
  response.end(body);
}

function takenOf({ result, run, namespace }: Taken): object {
  return { result, ...(run === undefined ? {} : { run, namespace }) };
}

function problemOf({ status, result, detail, field }: Refused): object {
  const problem = { type: 'about:blank', title: TITLES[status], status, code: result, detail };
  return field === undefined ? problem : { ...problem, field };
}

function headersOf(answer: WebhookResponse): Record<string, string> {
  if (!('detail' in answer)) return {};
  const { status, retryAfterSeconds } = answer;
  return {
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    ...(status === 405 ? { allow: 'POST' } : {}),
    // RFC 9110 requires a scheme with every 401; it does not reveal the scheme of the trigger.
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  };
}
