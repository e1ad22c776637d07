import type { WorkflowRun } from '../../src/api/index.ts';
import { PERIOD_MS } from './workflows.ts';

/** What was seen of the runs of the schedule: read often enough, so that none goes before it is seen. */
export class SlotLedger {
  readonly #uids = new Map<number, Set<string>>();
  readonly #failed = new Set<string>();

  see(runs: readonly WorkflowRun[]): void {
    for (const { metadata, spec, status } of runs) {
      const slot = Date.parse(spec.origin?.slot ?? '');
      if (Number.isNaN(slot)) continue;
      this.#uids.set(slot, (this.#uids.get(slot) ?? new Set()).add(metadata.uid ?? ''));
      if (status?.phase === 'Failed' || status?.phase === 'Cancelled') this.#failed.add(metadata.name);
    }
  }

  /** Slots from the first that was seen up to `until`, epoch ms; of these, which had no run and which more than one. */
  report(until: number): { slots: number; missing: string[]; twice: string[]; failed: string[] } {
    const seen = [...this.#uids.keys()].filter((slot) => slot <= until);
    const first = Math.min(...seen);
    const missing: string[] = [];
    let slots = 0;
    for (let slot = first; slot <= until; slot += PERIOD_MS) {
      slots++;
      if (!this.#uids.has(slot)) missing.push(new Date(slot).toISOString());
    }
    const twice = seen
      .filter((slot) => (this.#uids.get(slot)?.size ?? 0) > 1)
      .map((slot) => new Date(slot).toISOString());
    return { slots, missing, twice, failed: [...this.#failed] };
  }
}
