/** Rules for the fault proxy, small enough to be put together: which request, and what becomes of it. */
import { pipeline, Transform } from 'node:stream';
import type { Answer, ProxiedRequest, Rule } from './fault-proxy.ts';

/** Applies a rule to the requests that match; all others pass. */
export function when(matches: (request: ProxiedRequest) => boolean, rule: Rule): Rule {
  return (request, forward) => (matches(request) ? rule(request, forward) : forward());
}

/** Applies a rule to the n-th write. Numbers only grow, so it happens once. */
export const onWrite = (number: number, rule: Rule): Rule => when(({ write }) => write === number, rule);

/** Applies a rule to the first request that matches, and to no other. */
export function once(matches: (request: ProxiedRequest) => boolean, rule: Rule): Rule {
  let happened = false;
  return when((request) => {
    if (happened || !matches(request)) return false;
    happened = true;
    return true;
  }, rule);
}

/** Calls back when a request meets the rule; for tests that must know that their fault happened. */
export function noting(rule: Rule, happened: (request: ProxiedRequest) => void): Rule {
  return (request, forward) => {
    happened(request);
    return rule(request, forward);
  };
}

/** The process dies before its request has left. */
export const killBefore =
  (kill: () => void): Rule =>
  () => {
    kill();
    return never();
  };

/** The process dies when the server has acted, and before it hears of it. */
export const killAfter =
  (kill: () => void): Rule =>
  async (_request, forward) => {
    await forward();
    kill();
    return never();
  };

/** The server acts and its answer is lost: the client gives up when its time is over. */
export const swallowAnswer: Rule = async (_request, forward) => {
  await forward();
  return never();
};

/** The server acts and the connection breaks at once: the client cannot know, and tries again while little has changed. */
export const cutAfter: Rule = async (_request, forward) => {
  const { body } = await forward();
  if (!Buffer.isBuffer(body)) body.on('error', () => undefined).destroy();
  throw new Error('the connection is cut');
};

/** What watches tell comes late: whoever acts sooner acts on an old cache. */
export const lateEvents =
  (ms: number): Rule =>
  async (_request, forward) => {
    const answer = await forward();
    if (Buffer.isBuffer(answer.body)) return answer;
    return { ...answer, body: pipeline(answer.body, delay(ms), () => undefined) };
  };

function delay(ms: number): Transform {
  return new Transform({
    transform: (chunk, _encoding, done) => {
      setTimeout(() => done(null, chunk), ms);
    },
  });
}

/** The server does not get the request; the client is answered with this. */
export const answerWith =
  (answer: Answer): Rule =>
  async () =>
    answer;

/** Refused as by a server that has too much to do. */
export const throttled = (seconds: number): Answer => ({
  ...status(429, 'TooManyRequests', 'the server has received too many requests', { retryAfterSeconds: seconds }),
  headers: { 'content-type': 'application/json', 'retry-after': String(seconds) },
});

/** The version or the page that was asked for is not kept any more. */
export const gone = status(410, 'Expired', 'too old resource version: 1 (2)');

/** What the server says of a body above its 3 MiB. */
export const tooLarge = status(413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728');

export const internalError = status(500, 'InternalError', 'etcdserver: request timed out');
export const unavailable = status(503, 'ServiceUnavailable', 'the server is currently unable to handle the request');

/** The server acts, and says something else than what it did. */
export const afterwards =
  (answer: Answer): Rule =>
  async (_request, forward) => {
    await forward();
    return answer;
  };

/** 409 as for an object that changed since it was read. */
export const conflict = status(409, 'Conflict', 'Operation cannot be fulfilled: the object has been modified');

/** 422 as for a JSON Patch whose test failed: it says nothing of any field. */
export const testFailed = status(422, 'Invalid', 'the server rejected our request due to an error in our request');

/** 422 as for an object that breaks the rules of its kind: it names the field. */
export const invalid = status(422, 'Invalid', 'the object is invalid: spec: Invalid value: "x": injected by a test', {
  causes: [{ reason: 'FieldValueInvalid', message: 'Invalid value: "x": injected by a test', field: 'spec' }],
});

function status(code: number, reason: string, message: string, details: object = {}): Answer {
  const object = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
  return {
    status: code,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(object)),
  };
}

function never(): Promise<Answer> {
  return new Promise(() => undefined);
}
