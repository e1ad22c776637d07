import type { Dispatcher } from 'undici';
import { parseExact } from '../json/index.ts';
import { ApiError, ConnectionError, type KubeStatus } from './errors.ts';

export type ResponseBody = Dispatcher.ResponseData['body'];

/** Error answers are read up to this size; longer ones are cut and treated as text. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Text of an answer that is not a Status, as far as it goes into a message. */
const MAX_ERROR_TEXT = 512;

/** Reads a body to its end. @throws ConnectionError (`BodyTooLarge`) as soon as it exceeds `maxBytes`. */
export function collectText(body: ResponseBody, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    body.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        reject(new ConnectionError('BodyTooLarge', `the answer is larger than ${maxBytes} bytes; ask for less`, true));
        body.destroy();
        return;
      }
      chunks.push(chunk);
    });
    let ended = false;
    body.on('end', () => {
      ended = true;
      resolve((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('utf8'));
    });
    body.on('error', reject);
    body.on('close', () => {
      if (!ended) reject(new ConnectionError('UND_ERR_ABORTED', 'the answer was cut off', true));
    });
  });
}

/** How whole numbers of an answer are read that are not exact: rounded as by JSON.parse, or as the text of their digits. */
export type Numbers = 'Rounded' | 'Exact';

/** Parses an answer. @throws ConnectionError (`InvalidResponse`) when it is not JSON. */
export function parseJson<T>(text: string, numbers: Numbers = 'Rounded'): T {
  try {
    return (numbers === 'Exact' ? parseExact(text) : JSON.parse(text)) as T;
  } catch (error) {
    const start = text.slice(0, MAX_ERROR_TEXT);
    throw new ConnectionError('InvalidResponse', `the answer is not JSON; it starts with: ${start}`, true, error);
  }
}

/** Turns an answer with an error code into an ApiError, whatever its body is. */
export async function apiErrorOf(response: Dispatcher.ResponseData): Promise<ApiError> {
  const text = await collectStart(response.body, MAX_ERROR_BYTES);
  return new ApiError(response.statusCode, statusOf(text), retryAfterMs(response.headers['retry-after']));
}

function statusOf(text: string): KubeStatus {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && (parsed as KubeStatus).kind === 'Status') return parsed;
  } catch {
    // A proxy in between, or an answer that was cut: its text is the message.
  }
  return text === '' ? {} : { message: text.slice(0, MAX_ERROR_TEXT) };
}

/** Retry-After in milliseconds: seconds or an HTTP date. */
export function retryAfterMs(header: string | string[] | undefined, now = Date.now()): number | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  if (!value) return undefined;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - now : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

async function collectStart(body: ResponseBody, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
}

/** Codes of failures before anything was sent. Failed TLS checks are recognised by their prefixes. */
const UNSENT_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);
const UNSENT_PREFIXES = ['CERT_', 'ERR_TLS_', 'ERR_SSL_'];

/** Wraps a failure of the transport. When in doubt the request counts as sent. */
export function transportError(error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const code = codeOf(error);
  const unsent = UNSENT_CODES.has(code) || UNSENT_PREFIXES.some((prefix) => code.startsWith(prefix));
  const message = error instanceof Error ? error.message : String(error);
  return new ConnectionError(code, `no answer from the API server: ${message || code}`, !unsent, error);
}

function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return error instanceof Error ? error.name : 'Unknown';
}
