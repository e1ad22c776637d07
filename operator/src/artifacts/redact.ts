import { RE2JS } from 're2js';

/**
 * What looks like a secret wherever it stands. Each pattern takes time in proportion to the text: no part of one can
 * match the same characters in two ways.
 */
const TOKENS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s]{0,16384}-----END [A-Z ]{0,30}PRIVATE KEY-----/g,
  /\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{8,4096}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255}|glpat-[A-Za-z0-9_-]{20,255})/g,
  /\b(?:xox[abprs]-[A-Za-z0-9-]{10,255}|sk-[A-Za-z0-9_-]{20,255}|npm_[A-Za-z0-9]{36})/g,
];
/** Kept is what says that there was one. */
const AFTER_NAME: readonly RegExp[] = [
  /\b((?:authorization|proxy-authorization)["']?\s{0,4}[:=]\s{0,4}["']?(?:bearer|basic|token)\s{1,4})[^\s"',;]{4,4096}/gi,
  /((?:password|passwd|secret|token|api[_-]?key|access[_-]?key)["']?\s{0,4}[:=]\s{0,4}["']?)[^\s"',;&]{4,4096}/gi,
  /(:\/\/[^\s:@/]{1,256}:)[^\s@/]{1,256}(?=@)/g,
];
export const REDACTED = '[redacted]';

/**
 * Takes out of a text what looks like a secret, and what matches a pattern of the administrator, in the syntax of RE2.
 * @throws Error when the pattern cannot be read
 */
export function redactor(pattern?: string): (text: string) => string {
  const own = pattern === undefined || pattern === '' ? undefined : RE2JS.compile(pattern);
  return (text) => {
    let clean = own ? own.matcher(text).replaceAll(REDACTED) : text;
    for (const token of TOKENS) clean = clean.replace(token, REDACTED);
    for (const name of AFTER_NAME) clean = clean.replace(name, (_all, kept: string) => `${kept}${REDACTED}`);
    return clean;
  };
}
