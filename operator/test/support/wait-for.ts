/** Waiting in tests: on conditions, never on a guess of how long something takes. */
import { until } from '../../cluster/wait.ts';

const PATIENCE_MS = 180_000;

export interface WaitOptions {
  /** ms; by default far more than anything takes on a slow machine that does other things besides: only failures wait. */
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** Added to the failure: what a person would look at first. */
  readonly explain?: () => Promise<string> | string;
}

/**
 * Polls `probe` until it returns something other than undefined and false, and returns that.
 * @throws Error that says what was waited for and what `explain` tells
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = PATIENCE_MS, everyMs = 150, explain }: WaitOptions = {},
): Promise<T> {
  const late = new Error('late');
  try {
    return await until(
      async () => {
        const answer = await probe();
        return answer === false ? undefined : answer;
      },
      timeoutMs,
      () => late,
      everyMs,
    );
  } catch (error) {
    if (error !== late) throw error;
    const told = (await explain?.()) ?? '';
    throw new Error(`waited ${timeoutMs / 1000} s in vain until ${what}\n${told}`);
  }
}
