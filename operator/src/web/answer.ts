import { parseExact } from '../json/index.ts';
import { REDACTED, redact } from '../redaction/index.ts';
import type { WebAnswer, WebRequest } from './request.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Largest outputs of a task: the size of the termination message of a pod. */
const MAX_OUTPUT_BYTES = 4095;
const MAX_BODY_BYTES = 2048;
const MAX_QUOTED = 200;

/** The outputs of a request. */
export interface AnswerOutputs {
  [name: string]: Json;
  status: number;
  /** Text of the answer, at most 2 KiB. */
  body: string;
  /** The answer as JSON, if its content type is JSON and it fits; else null. Inexact whole numbers are texts. */
  json: Json;
  /** Whether `body` or `json` is less than the answer. */
  truncated: boolean;
}

/** Whether a status counts as success: 200 to 299, or one of the list. */
export function isSuccess(status: number, successCodes: readonly number[] | undefined): boolean {
  return successCodes ? successCodes.includes(status) : status >= 200 && status <= 299;
}

/**
 * The outputs of an answer, at most 4,095 bytes as JSON. JSON comes before text: where both do not fit, the text is left
 * out; where it does not fit alone, it is null.
 */
export function outputsOf(answer: WebAnswer): AnswerOutputs {
  const { status } = answer;
  const text = answer.body.toString('utf8').replace(/�+$/, '');
  const body = cut(text, MAX_BODY_BYTES);
  const json = answer.isWhole ? jsonOf(answer.contentType, text) : undefined;
  const isCut = !answer.isWhole || body.length < text.length;
  if (json === undefined) return fitted({ status, body, json: null, truncated: isCut });
  const whole = { status, body, json, truncated: isCut };
  if (fits(whole)) return whole;
  const bare = { status, body: '', json, truncated: true };
  return fits(bare) ? bare : fitted({ status, body, json: null, truncated: true });
}

/** The text in place of an answer that is not shown. */
const WITHHELD = 'the answer is withheld; with failureMessage: Show its beginning is shown';

/**
 * Why a status is no success, with the beginning of the answer if it may be shown. Of the request it contains only method,
 * host and path, and nothing that looks like a secret.
 */
export function describeStatus(
  request: Pick<WebRequest, 'method' | 'url'>,
  { status, body, location }: WebAnswer,
  isShown = true,
): string {
  const { origin, pathname } = new URL(request.url);
  const text = isShown ? redact(body.toString('utf8')) : WITHHELD;
  const quoted = text.replace(/\s+/g, ' ').trim();
  const leads = location === undefined ? '' : '; the redirect was not followed';
  const what = redact(`${request.method} ${origin}${pathname} answered ${status}${leads}`);
  return quoted === '' ? what : `${what}: ${quoted.slice(0, MAX_QUOTED)}`;
}

/** Shorter ones would take half of an answer away, and are no secrets. */
const MIN_SECRET_LENGTH = 4;

/**
 * The answer without the values of secret headers, which some servers echo. A value is removed as a whole and without a
 * scheme such as Bearer; in its plain form, in JSON, in a URL, and decoded from base64.
 */
export function withoutSecrets(answer: WebAnswer, values: readonly string[]): WebAnswer {
  const secrets = values.flatMap(formsOf).filter((form) => form.length >= MIN_SECRET_LENGTH);
  if (secrets.length === 0) return answer;
  const longestFirst = [...new Set(secrets)].sort((a, b) => b.length - a.length);
  const text = longestFirst.reduce(
    (rest, secret) => rest.replaceAll(secret, () => REDACTED),
    answer.body.toString('utf8'),
  );
  return { ...answer, body: Buffer.from(text) };
}

function formsOf(value: string): string[] {
  const [, bare = value] = /^\S+\s+(\S+)$/.exec(value) ?? [];
  const login = Buffer.from(bare, 'base64').toString('utf8');
  const isLogin = login.includes(':') && Buffer.from(login).toString('base64') === bare;
  const plain = [value, bare, ...(isLogin ? [login, login.slice(login.indexOf(':') + 1)] : [])];
  return plain.flatMap((text) => [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text)]);
}

function jsonOf(contentType: string, text: string): Json | undefined {
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType)) return undefined;
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}

const fits = (outputs: AnswerOutputs): boolean => Buffer.byteLength(JSON.stringify(outputs)) <= MAX_OUTPUT_BYTES;

/** Text that grows when it is written as JSON (control characters) is cut until it fits. */
function fitted(outputs: AnswerOutputs): AnswerOutputs {
  let fitting = outputs;
  while (!fits(fitting))
    fitting = { ...fitting, body: fitting.body.slice(0, fitting.body.length / 2), truncated: true };
  return fitting;
}

/** The beginning of a text, at most so many bytes, never half a character. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  return Buffer.from(text).subarray(0, bytes).toString('utf8').replace(/�+$/, '');
}
