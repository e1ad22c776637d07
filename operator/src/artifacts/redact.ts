import { RE2JS } from 're2js';
import { REDACTED, redact } from '../redaction/index.ts';

/**
 * Takes out of a text what looks like a secret, and what matches a pattern of the administrator, in the syntax of RE2.
 * @throws Error when the pattern cannot be read
 */
export function redactor(pattern?: string): (text: string) => string {
  const own = pattern === undefined || pattern === '' ? undefined : RE2JS.compile(pattern);
  return (text) => redact(own ? own.matcher(text).replaceAll(REDACTED) : text);
}
