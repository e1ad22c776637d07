/**
 * Takes out of a text what looks like a secret. Pure.
 *
 * 1. Text that tasks, servers or the API server wrote passes through here where it enters, whole and before it is cut: the
 *    half of a token is no token any more, and a secret all the same.
 * 2. The time is in proportion to the text, whoever wrote it: patterns.ts says what makes a pattern linear.
 * 3. What was redacted once is not changed by doing it again.
 */
export { REDACTED } from './patterns.ts';
export { redact, redactInLine } from './redact.ts';
