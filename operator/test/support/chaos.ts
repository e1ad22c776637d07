/** Everything at once, by chance: what a bad day of a network, a server and a machine looks like. */
import type { Rule } from './fault-proxy.ts';
import { afterwards, answerWith, conflict, cutAfter, internalError, throttled, unavailable } from './faults.ts';
import { changedEvents, cutStream } from './watch-faults.ts';

/** How often each of these happens to a request, or to an event, while it lasts. */
const SHARES = { refused: 0.08, done: 0.04, cut: 0.03, lost: 0.05, brokenStream: 0.01 };

/**
 * Rules that do something bad to about one request in seven and one event in twenty, as long as `lasts` says so.
 * Leases are exempt: their faults are the subject of other tests.
 */
export function chaos(random: () => number, lasts: () => boolean): readonly Rule[] {
  const refusals = [conflict, internalError, unavailable, throttled(1)];
  const pick = () => refusals[Math.floor(random() * refusals.length)] ?? unavailable;
  const requests: Rule = (request, forward) => {
    if (!lasts() || request.resource === 'leases') return forward();
    const chance = random();
    const { refused, done, cut } = SHARES;
    // A read that is told of a conflict would be told what no server says.
    const answer = request.method === 'GET' ? unavailable : pick();
    if (chance < refused) return answerWith(answer)(request, forward);
    if (chance < refused + done) return afterwards(internalError)(request, forward);
    if (chance < refused + done + cut) return cutAfter(request, forward);
    return forward();
  };
  return [
    requests,
    changedEvents(({ text }) => (lasts() && random() < SHARES.lost ? undefined : text)),
    cutStream((chunk) => (lasts() && random() < SHARES.brokenStream ? Math.floor(random() * chunk.length) : undefined)),
  ];
}
