import type { IncomingMessage } from 'node:http';
import type { Json } from '../api/index.ts';
import { parseExact } from '../json/index.ts';
import type { Refused } from './response.ts';

/** Bytes of bodies that are in memory at once, however many senders there are. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/** How much of all bodies is in memory; a request takes its share while it is read and gives it back when it is answered. */
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
 * Reads a body of at most `limit` bytes. What says beforehand that it is larger is not read at all; what turns out to be
 * is given up at the first byte too many.
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
    // Giving up must not end the connection: the sender is still to be told.
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
  detail: 'too many requests are being read; send it again',
  retryAfterSeconds: 1,
};

export const tooLarge = (limit: number): Refused => ({
  status: 413,
  result: 'TooLarge',
  detail: `the body is larger than ${limit} bytes, the limit; send less, or raise maxBodyBytes of the trigger`,
});

function ended(release: () => void, refusal: Refused): Refused {
  release();
  return refusal;
}

const FORM = 'application/x-www-form-urlencoded';

/**
 * What expressions see of a body: JSON; of a form its fields, or the JSON in its field `payload`; of a text the text;
 * null if it is empty. Whole numbers in JSON that are not exact are texts.
 */
export function parseBody(bytes: Buffer, contentType = ''): { body: Json } | Refused {
  const text = bytes.toString('utf8');
  if (text.trim() === '') return { body: null };
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === FORM) return parseForm(text);
  if (type.startsWith('text/')) return { body: text };
  return parseJson(text);
}

/** What a form begins with, and neither JSON nor prose does. */
const FORM_FIELD = /^[\w.%+[\]-]{1,256}=/;

/** The same of a body that is signed: its type, which is not, does not count, so it is told by what it is. */
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
    // V8 quotes what it could not read; where it was is enough.
    const place = /at position \d+( \(line \d+ column \d+\))?/.exec(error instanceof Error ? error.message : '')?.[0];
    const detail = `the body is no JSON${place ? ` (${place})` : ''}; send JSON, or text with a content type of text/plain`;
    return { status: 422, result: 'BodyInvalid', detail };
  }
}
