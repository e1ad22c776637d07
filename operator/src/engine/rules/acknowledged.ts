import type { Pass } from '../advance/pass.ts';

/** Ends of signals that are remembered at most, before to forget them is worth an event by itself. */
const MAX_REMEMBERED = 50;

/**
 * Forgets how signals ended once they say so themselves. That rides on what happens anyway: nothing is written for it
 * alone, unless it has become much.
 */
export function acknowledged(pass: Pass): void {
  const { verdicts } = pass.state;
  const { unacknowledged } = pass.observed;
  if (!unacknowledged || (pass.events.length === 0 && verdicts.size <= MAX_REMEMBERED)) return;
  const fresh = new Set(pass.events.flatMap((event) => (event.type === 'Judged' ? [event.uid] : [])));
  const uids = [...verdicts.keys()].filter((uid) => !unacknowledged.has(uid) && !fresh.has(uid));
  if (uids.length > 0) pass.emit({ type: 'Acknowledged', uids });
}
