/** Waits for conditions instead of fixed times. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Polls `probe` until it returns something other than undefined. Throws `late()` after `timeoutMs`. A probe that throws
 * ends the wait, for example because a process has died.
 */
export async function until<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  timeoutMs: number,
  late: () => Error,
  everyMs = 50,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  while (true) {
    const answer = await probe();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw late();
    await sleep(everyMs);
  }
}
