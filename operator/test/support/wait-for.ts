/** Waiting in tests: on conditions, never on a guess of how long something takes. */
import { until } from '../../cluster/wait.ts';

export interface WaitOptions {
  /** ms; default 60 s, which a loaded machine with two cores keeps. */
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
  { timeoutMs = 60_000, everyMs = 150, explain }: WaitOptions = {},
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
