/**
 * Validates definitions without blocking anything else: small ones in this thread, large ones within a time limit in
 * another thread.
 *
 * 1. Both threads give the answer of `engine/validate`: work is counted, and no clock decides what is valid.
 * 2. INLINE_WORK and INLINE_CHARACTERS bound the work in this thread.
 * 3. Large definitions are validated one at a time. One that takes too long is refused and its thread is killed; the
 *    next one gets a new thread. If too many are queued, further ones are refused with a request to retry.
 * 4. The other thread has no client and no object except the one that it validates.
 */
export { Judging, type JudgingOptions, type Verdict } from './judging.ts';
export { isJudgeThread } from './thread.ts';
