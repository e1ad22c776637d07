/**
 * Replaces likely secrets in a text. Pure.
 *
 * 1. Text of tasks, servers or the API server passes through here where it enters, complete and before it is
 *    truncated: half of a token no longer looks like one, but is still secret.
 * 2. The time is linear in the length of any text; patterns.ts explains which patterns are linear.
 * 3. Redacting a redacted text changes nothing.
 */
export { REDACTED } from './patterns.ts';
export { redact, redactInLine } from './redact.ts';
