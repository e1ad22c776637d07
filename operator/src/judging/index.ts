/**
 * Whether a definition can run, judged without standing in the way of anything else: what is small in this thread, what
 * is large in another one, which may take a bounded time.
 *
 * 1. The answer is that of `engine/validate` in either thread: work is counted, and no clock decides what is valid.
 * 2. No step of this thread takes longer than what INLINE_WORK and INLINE_BYTES allow.
 * 3. Large definitions are judged one at a time. What takes too long is refused, its thread is killed, and the next one
 *    gets another; what finds too many before it is told to come again.
 * 4. The other thread has no client and no object but the one that it judges.
 */
export { Judging, type JudgingOptions, type Verdict } from './judging.ts';
export { isJudgeThread } from './thread.ts';
