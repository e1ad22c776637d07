import type { SweepReport } from '../../api/index.ts';
import type { Logger, Metrics } from '../../telemetry/index.ts';

/** Where the end of a sweep is told. */
interface Told {
  readonly metrics: Metrics;
  readonly logger: Logger;
}

const MAX_NAMED = 5;
const MAX_UID = 64;

/** The report in the termination message of a sweep's pod. Anything else says nothing: others can write the status of a pod. */
export function reportIn(message: string): SweepReport {
  try {
    const { more, unreadable } = (JSON.parse(message) ?? {}) as Partial<Record<keyof SweepReport, unknown>>;
    const named = Array.isArray(unreadable) ? unreadable.slice(0, MAX_NAMED) : [];
    return { more: more === true, unreadable: named.map((uid) => String(uid).slice(0, MAX_UID)) };
  } catch {
    return { more: false, unreadable: [] };
  }
}

/** Counts a sweep, and names the runs that it had to leave. */
export function tellOfSweep(namespace: string, { unreadable }: SweepReport, { metrics, logger }: Told): void {
  metrics.artifactSweeps.inc({ result: unreadable.length === 0 ? 'Succeeded' : 'Incomplete' });
  if (unreadable.length === 0) return;
  const fields = { namespace, runUids: unreadable };
  logger.warn(fields, 'sweep left runs whose policy.json cannot be read; correct or delete these objects');
}

export function tellOfFailure(namespace: string, message: string, { metrics, logger }: Told): void {
  metrics.artifactSweeps.inc({ result: 'Failed' });
  logger.warn({ namespace, message }, 'sweep failed; check the store and its credentials');
}
