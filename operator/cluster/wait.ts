/** Waiting on a condition, never on a guess of how long it takes. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Polls `probe` until it returns something other than undefined. Throws `late()` after `timeoutMs`. A probe that
 * throws ends the wait: it is how a process that died is told from one that is slow.
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
