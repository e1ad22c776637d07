import { parseDuration, type WorkflowRun } from '../../../api/index.ts';
import {
  isNotFound,
  isPatchMismatch,
  type ReconcileContext,
  type Result,
  WaitingError,
} from '../../../runtime/index.ts';
import { WORKFLOW_RUNS } from '../../resources.ts';
import type { RunDeps } from '../deps.ts';
import { MAX_PAGES, readPages } from '../history/history.ts';
import { isOver } from '../observe.ts';
import { withDamage } from '../report/status.ts';

export type AuditDeps = Pick<RunDeps, 'client' | 'stores' | 'clock' | 'proves' | 'recorder'>;

/** A run that ended longer ago was looked at then; an operator that starts does not read the pages of all that is kept. */
const AUDITED_WITHIN_MS = parseDuration('10m');
const CHANGED_AGAIN_MS = 1000;
const REMEDY = 'the state and the result of the run are not affected; use mode Rerun instead of Retry or Fork';

/** Whether the history of a run is to be looked at: it has pages that name one another, and ended just now. */
export function isDue({ status }: WorkflowRun, now: number): boolean {
  const { journal, finishedAt } = status ?? {};
  if (!journal?.newest || journal.pages > MAX_PAGES || finishedAt === undefined) return false;
  return now - Date.parse(finishedAt) < AUDITED_WITHIN_MS;
}

/**
 * Looks, when a run has ended, whether its pages of history are those that were written. Nothing waits for it, and most
 * runs have no page. It writes to the status of runs that are over alone, which nobody else does.
 */
export class HistoryAudit {
  readonly #deps: AuditDeps;

  constructor(deps: AuditDeps) {
    this.#deps = deps;
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const run = this.#deps.stores.runs.get(key);
    if (!run || run.metadata.deletionTimestamp || !isOver(run) || !isDue(run, this.#deps.clock.now())) return {};
    const { damage } = await readPages(this.#deps, run, { signal, urgency: 'background' });
    if (damage !== undefined) await this.#tell(run, `${damage}; ${REMEDY}`, signal);
    return {};
  }

  async #tell(run: WorkflowRun, message: string, signal: AbortSignal): Promise<void> {
    const { conditions, seq } = run.status ?? {};
    const damaged = withDamage(conditions, message, this.#deps.clock.now());
    if (conditions && JSON.stringify(damaged) === JSON.stringify(conditions)) return;
    const operations = [
      { op: 'test', path: '/metadata/uid', value: run.metadata.uid },
      { op: 'test', path: '/status/seq', value: seq },
      { op: 'test', path: '/status/conditions', value: conditions },
      { op: 'replace', path: '/status/conditions', value: damaged },
    ] as const;
    const options = { subresource: 'status', signal, urgency: 'background', answer: 'Unread' } as const;
    try {
      await this.#deps.client.patch(WORKFLOW_RUNS, run.metadata, { kind: 'json', operations }, options);
      this.#deps.recorder.event(run, 'Warning', 'HistoryDamaged', 'Audit', message);
    } catch (error) {
      // Gone, and its history with it.
      if (isNotFound(error)) return;
      if (!isPatchMismatch(error)) throw error;
      throw new WaitingError('Collision', 'the run changed concurrently; reading it again', CHANGED_AGAIN_MS);
    }
  }
}
