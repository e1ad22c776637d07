import type { WebAnswer, WebRequest } from './request.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What a task may hand on: as much as the termination message of a pod holds. */
const MAX_OUTPUT_BYTES = 4095;
const MAX_BODY_BYTES = 2048;
const MAX_QUOTED = 200;

/** What a request hands on. */
export interface AnswerOutputs {
  [name: string]: Json;
  status: number;
  /** Text of the answer, at most 2 KiB. */
  body: string;
  /** The answer as JSON, if it says that it is and fits; else null. */
  json: Json;
  /** Whether `body` or `json` is less than the answer. */
  truncated: boolean;
}

/** Whether a status is what was asked for: 200 to 299, or one of the list. */
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

/** Why a status is no success, with the beginning of the answer; nothing of what was sent but method, host and path. */
export function describeStatus(
  request: Pick<WebRequest, 'method' | 'url'>,
  { status, body, location }: WebAnswer,
): string {
  const { origin, pathname } = new URL(request.url);
  const quoted = body.toString('utf8').replace(/\s+/g, ' ').trim().slice(0, MAX_QUOTED);
  const leads = location === undefined ? '' : '; the redirect was not followed';
  return `${request.method} ${origin}${pathname} answered ${status}${leads}${quoted === '' ? '' : `: ${quoted}`}`;
}

function jsonOf(contentType: string, text: string): Json | undefined {
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType)) return undefined;
  try {
    return JSON.parse(text) as Json;
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
