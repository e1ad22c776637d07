import type { IncomingMessage } from 'node:http';
import type { Json } from '../api/index.ts';
import { parseExact } from '../json/index.ts';
import type { Refused } from './response.ts';

/** Bytes of all bodies in memory at once, over all senders. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/** Bounds the bytes of bodies in memory. A request takes its share while it is read and gives it back when answered. */
export class BodyBudget {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number = MAX_HELD_BYTES) {
    this.#limit = limit;
  }

  /** Takes bytes; false when there is no room for them. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#limit) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}

/** A body that was read. `release` gives its share of the budget back, once. */
export interface ReadBody {
  readonly bytes: Buffer;
  readonly release: () => void;
}

/**
 * Reads a body of at most `limit` bytes. A body with a larger content-length is not read at all; reading any other body
 * stops at the first chunk that exceeds the limit.
 * @throws Error when the connection breaks
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  budget: BodyBudget,
): Promise<ReadBody | Refused> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return tooLarge(limit);
  const chunks: Buffer[] = [];
  let taken = 0;
  const release = () => {
    budget.give(taken);
    taken = 0;
  };
  try {
    // The connection stays open: the sender still gets an answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (taken + chunk.length > limit) return ended(release, tooLarge(limit));
      if (!budget.take(chunk.length)) return ended(release, BUSY);
      taken += chunk.length;
      chunks.push(chunk);
    }
  } catch (error) {
    release();
    throw error;
  }
  return { bytes: Buffer.concat(chunks), release };
}

const BUSY: Refused = {
  status: 503,
  result: 'Busy',
  detail: 'too many request bodies are in memory; retry the request',
  retryAfterSeconds: 1,
};

export const tooLarge = (limit: number): Refused => ({
  status: 413,
  result: 'TooLarge',
  detail: `the body exceeds the limit of ${limit} bytes; send a smaller body, or raise maxBodyBytes of the trigger`,
});

function ended(release: () => void, refusal: Refused): Refused {
  release();
  return refusal;
}

const FORM = 'application/x-www-form-urlencoded';

/**
 * Converts a body for expressions: JSON as its value; a form as its fields, or as the JSON in its field `payload`; text
 * as a string; an empty body as null. Whole numbers in JSON that a double cannot represent exactly become strings.
 */
export function parseBody(bytes: Buffer, contentType = ''): { body: Json } | Refused {
  const text = bytes.toString('utf8');
  if (text.trim() === '') return { body: null };
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === FORM) return parseForm(text);
  if (type.startsWith('text/')) return { body: text };
  return parseJson(text);
}

/** The start of a form: the first field name and `=`. Neither JSON nor prose starts like this. */
const FORM_FIELD = /^[\w.%+[\]-]{1,256}=/;

/** Converts a signed body. The content type is not signed and therefore ignored; the content itself decides. */
export function parseSigned(bytes: Buffer): { body: Json } | Refused {
  const text = bytes.toString('utf8');
  const json = parseBody(bytes);
  if ('body' in json || /^\s*[{["]/.test(text)) return json;
  return FORM_FIELD.test(text) ? parseForm(text) : { body: text };
}

function parseForm(text: string): { body: Json } | Refused {
  const fields = Object.fromEntries(new URLSearchParams(text));
  return fields.payload === undefined ? { body: fields } : parseJson(fields.payload);
}

function parseJson(text: string): { body: Json } | Refused {
  try {
    return { body: parseExact(text) };
  } catch (error) {
    // V8 quotes the invalid text in its message; only the position is passed on.
    const place = /at position \d+( \(line \d+ column \d+\))?/.exec(error instanceof Error ? error.message : '')?.[0];
    const detail = `the body is not valid JSON${place ? ` (${place})` : ''}; send JSON, or text as text/plain`;
    return { status: 422, result: 'BodyInvalid', detail };
  }
}
