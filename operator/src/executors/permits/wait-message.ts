import { rateOf } from '../../api/index.ts';
import { takeableAt } from '../../bounds/index.ts';
import type { Account } from './account.ts';

/** Time of day in whole seconds. */
export const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** What an attempt waits for: which semaphore, who holds it, and how many are before it. */
export function describeWait(
  name: string,
  account: Pick<Account, 'spec' | 'holders' | 'held' | 'size' | 'bucket'>,
  permits: number,
  place: number,
  now: number,
): string {
  const { spec } = account;
  const wanted = `waits for Semaphore ${name} (${permits} permit${permits === 1 ? '' : 's'})`;
  const position = place > 0 ? `; position ${place}` : '';
  if (permits > spec.permits) return `${wanted}: it has only ${spec.permits}; raise its permits or request fewer`;
  const { rate } = spec;
  if (rate && permits > rate.count) {
    return `${wanted}: its rate is ${rate.count} per ${rate.per}; raise it or request fewer`;
  }
  if (account.held + permits <= spec.permits && rate) {
    const next = timeOf(takeableAt(rateOf(rate), account.bucket, now, permits));
    return `${wanted}: the rate limit is ${rate.count} per ${rate.per}; next at ${next}${position}`;
  }
  const [first] = account.holders;
  if (!first) return `${wanted}${position}`;
  const others = account.size > 1 ? ` and ${account.size - 1} more` : '';
  return `${wanted}: held by run ${first.run} task ${first.path} since ${first.since}${others}${position}`;
}
