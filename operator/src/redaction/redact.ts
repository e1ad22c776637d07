import { AFTER_NAMES, HINTS, REDACTED, SECRETS } from './patterns.ts';

const OPENING_QUOTE = /^\\{0,15}["']/;
/** Every string in a line of JSON. */
const TEXTS = /"(?:[^"\\]|\\.)*"/g;

/** A replacement can expose a new match directly after it; maximum of repetitions. */
const MAX_PASSES = 8;

/** Replaces likely secrets in a text with `[redacted]`. */
export function redact(text: string): string {
  if (!HINTS.test(text)) return text;
  let clean = text;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const before = clean;
    clean = redactOnce(before);
    if (clean === before) break;
  }
  return clean;
}

function redactOnce(text: string): string {
  let clean = text;
  for (const secret of SECRETS) clean = clean.replace(secret, REDACTED);
  for (const named of AFTER_NAMES) clean = clean.replace(named, withoutValue);
  return clean;
}

/** Redacts each string in a line of JSON, which stays valid JSON. */
export function redactInLine(line: string): string {
  if (!HINTS.test(line)) return line;
  return line.replace(TEXTS, (text) => `"${redact(text.slice(1, -1))}"`);
}

function withoutValue(_all: string, name: string, value: string): string {
  return `${name}${OPENING_QUOTE.exec(value)?.[0] ?? ''}${REDACTED}`;
}
