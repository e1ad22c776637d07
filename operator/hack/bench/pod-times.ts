/** When pods were created and ended, by the audit log. Pure. */
import type { AuditRecord } from './audit.ts';

/** A pod whose end let another one start. Names of pods. */
export interface Transition {
  readonly parents: readonly string[];
  readonly child: string;
}

/**
 * For each transition the milliseconds from the request that made the last of the parents terminal (the last one that
 * wrote its status) to the request that created the child. Transitions that the log does not show whole are left out.
 */
export function transitionTimes(records: readonly AuditRecord[], transitions: readonly Transition[]): number[] {
  const ends = new Map<string, number>();
  const creates = new Map<string, number>();
  for (const { verb, resource, name, code, received, dryRun } of records) {
    if (code >= 300 || dryRun) continue;
    if (verb === 'patch' && resource === 'pods/status') ends.set(name, Math.max(ends.get(name) ?? 0, received));
    if (verb === 'create' && resource === 'pods' && !creates.has(name)) creates.set(name, received);
  }
  return transitions.flatMap(({ parents, child }) => {
    const ended = parents.map((parent) => ends.get(parent));
    const created = creates.get(child);
    if (created === undefined || ended.includes(undefined)) return [];
    return [created - Math.max(...ended.map((end) => end ?? 0))];
  });
}
