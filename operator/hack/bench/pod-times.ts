/** When pods were created and ended, by the audit log. Pure. */
import type { AuditRecord } from './audit.ts';

/** A pod whose end let another one start. Names of pods. */
export interface Transition {
  readonly parents: readonly string[];
  readonly child: string;
}

interface Lives {
  /** When the pod was created, and when its status was last written: that made it terminal. Epoch ms, by name. */
  readonly created: ReadonlyMap<string, number>;
  readonly ended: ReadonlyMap<string, number>;
}

function livesOf(records: readonly AuditRecord[]): Lives {
  const created = new Map<string, number>();
  const ended = new Map<string, number>();
  for (const { verb, resource, name, code, received, dryRun } of records) {
    if (code >= 300 || dryRun) continue;
    if (verb === 'patch' && resource === 'pods/status') ended.set(name, Math.max(ended.get(name) ?? 0, received));
    if (verb === 'create' && resource === 'pods' && !created.has(name)) created.set(name, received);
  }
  return { created, ended };
}

/**
 * For each transition the milliseconds from the request that made the last of the parents terminal (the last one that
 * wrote its status) to the request that created the child. Transitions that the log does not show whole are left out.
 */
export function transitionTimes(records: readonly AuditRecord[], transitions: readonly Transition[]): number[] {
  const { created, ended } = livesOf(records);
  return transitions.flatMap(({ parents, child }) => {
    const ends = parents.map((parent) => ended.get(parent));
    const start = created.get(child);
    if (start === undefined || ends.includes(undefined)) return [];
    return [start - Math.max(...ends.map((end) => end ?? 0))];
  });
}

/**
 * For each pod of the log the milliseconds from the request that created it to the one that made it terminal, without
 * the `simulatedMs` that it is told to run: the time of the control plane and of the simulated node alone. Pods that
 * the log does not show whole are left out.
 */
export function podTimes(records: readonly AuditRecord[], simulatedMs: number): number[] {
  const { created, ended } = livesOf(records);
  return [...created].flatMap(([name, start]) => {
    const end = ended.get(name);
    return end === undefined ? [] : [end - start - simulatedMs];
  });
}
