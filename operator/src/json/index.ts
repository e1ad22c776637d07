/**
 * Reads JSON that others have written without changing the whole numbers in it. Pure.
 *
 * 1. A whole number that a double cannot be trusted with (beyond ±9007199254740991) becomes the text of its digits, and
 *    so does a number that is too large for a double. All other JSON is read as JSON.parse reads it.
 * 2. JSON that Ado has written itself (state, history, caches) is not read here: what was a double stays one.
 * 3. What was parsed elsewhere is looked through for whole numbers that may have changed (findInexact): they are refused.
 * 4. The time is in proportion to the text; without a long number the price is one search. No depth is too deep to look
 *    through, and one that is too deep to read is an error.
 */
export { parseExact, parseSpelled, type Spelled } from './exact.ts';
export { findInexact, type Inexact, WHOLE_LIMIT } from './limits.ts';
export { type Key, type Place, places } from './places.ts';
export { utf8Length } from './utf8.ts';
