import { RE2JS } from 're2js';
import { REDACTED, redact } from '../redaction/index.ts';

/**
 * Redacts a text: likely secrets, and all matches of a pattern of the administrator, in the syntax of RE2.
 * @throws Error when the pattern cannot be read
 */
export function redactor(pattern?: string): (text: string) => string {
  const own = pattern === undefined || pattern === '' ? undefined : RE2JS.compile(pattern);
  return (text) => redact(own ? own.matcher(text).replaceAll(REDACTED) : text);
}
