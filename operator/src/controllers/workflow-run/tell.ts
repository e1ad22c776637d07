import type { WorkflowRun } from '../../api/index.ts';
import type { Decision } from '../../engine/index.ts';
import type { RunDeps } from './deps.ts';

type TellDeps = Pick<RunDeps, 'metrics' | 'recorder'>;

/** Metrics and the one Event of a run, after what they tell is stored. */
export function tell(deps: TellDeps, run: WorkflowRun, decision: Decision): void {
  const { metrics, recorder } = deps;
  warnOfLimits(deps, run, decision);
  for (const event of decision.events) {
    if (event.type === 'Started') metrics.tasksStarted.inc();
    if (
      event.type === 'Succeeded' ||
      event.type === 'Failed' ||
      event.type === 'Skipped' ||
      event.type === 'Cancelled'
    ) {
      metrics.tasksCompleted.inc({ result: event.type });
    }
    if (event.type === 'Retrying' && event.cause === 'Infrastructure') metrics.podsLost.inc();
    if (event.type === 'NotContinued') recorder.event(run, 'Warning', 'NotContinued', 'Continue', event.message);
    if (event.type !== 'Finished') continue;
    metrics.runsCompleted.inc({ result: event.phase });
    const type = event.phase === 'Succeeded' ? 'Normal' : 'Warning';
    recorder.event(run, type, event.reason, 'Run', event.message);
  }
}

function warnOfLimits({ recorder }: TellDeps, run: WorkflowRun, { warnings }: Decision): void {
  for (const warning of warnings) recorder.event(run, 'Warning', 'OutputsNearLimit', 'Report', warning);
}
