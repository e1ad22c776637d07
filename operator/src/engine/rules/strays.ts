import type { Pass } from '../advance/pass.ts';
import type { PlannedTask, ScopePlan } from '../plan/plan.ts';
import { locate } from '../state/locate.ts';
import { attemptKey, parseAttemptKey, parseSegments } from '../state/paths.ts';
import { isTerminal, type RunState } from '../state/state.ts';

/**
 * Ends what a decision started that was never recorded, and that can have no turn any more: its unit is over without it,
 * or the run is. Nothing else looks at it, and it must not outlive its run.
 */
export function strays(pass: Pass): void {
  const cancelled = new Set(pass.actions.map(({ path, attempt }) => attemptKey(path, attempt)));
  for (const [key, { phase }] of pass.observed.attempts) {
    if ((phase !== 'Pending' && phase !== 'Running') || cancelled.has(key)) continue;
    const { path, attempt } = parseAttemptKey(key);
    if (!isStray(pass.state, path, attempt)) continue;
    const { task = { name: path }, backend = 'Pod' } = plannedAt(pass.plan, path) ?? {};
    pass.act({ type: 'Cancel', path, attempt, task, backend });
  }
}

/** Whatever the state has recorded the end of was seen to end: what goes on is something else. */
function isStray(state: RunState, path: string, attempt: number): boolean {
  const found = locate(state, path);
  if (typeof found === 'string') return found === 'Over' || state.finished !== undefined;
  return attempt > found.unit.attempt && (state.finished !== undefined || isTerminal(found.unit));
}

/** The task of a path as far as templates lead there; nothing is known of one that was generated. */
function plannedAt(plan: ScopePlan, path: string): PlannedTask | undefined {
  let scope: ScopePlan | undefined = plan;
  let planned: PlannedTask | undefined;
  for (const { name } of parseSegments(path)) {
    if (name === undefined) continue;
    planned = scope?.tasks.get(name);
    scope = planned?.body;
  }
  return planned;
}
