import { AFTER_NAMES, HINTS, REDACTED, SECRETS } from './patterns.ts';

const OPENING_QUOTE = /^\\{0,15}["']/;
/** Every text in a line of JSON, so that none begins where another ends. */
const TEXTS = /"(?:[^"\\]|\\.)*"/g;

/** What is taken out may leave the beginning of a word behind it that stood inside of one before: so many times. */
const MAX_PASSES = 8;

/** A text without what looks like a secret in it. */
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

/** The same for a line of JSON, which stays JSON: each text in it by itself. */
export function redactInLine(line: string): string {
  if (!HINTS.test(line)) return line;
  return line.replace(TEXTS, (text) => `"${redact(text.slice(1, -1))}"`);
}

function withoutValue(_all: string, name: string, value: string): string {
  return `${name}${OPENING_QUOTE.exec(value)?.[0] ?? ''}${REDACTED}`;
}
