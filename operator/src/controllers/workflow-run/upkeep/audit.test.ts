import { beforeEach, describe, expect, it } from 'vitest';
import type { RunJournal, WorkflowRun } from '../../../api/index.ts';
import { extendJournal, type Journal } from '../../../engine/index.ts';
import { ApiError, type KubeClient, realClock } from '../../../runtime/index.ts';
import { silentLogger } from '../../../telemetry/index.ts';
import { createStores } from '../../stores/stores.ts';
import { testProofs } from '../../testing/proofs.ts';
import { storePage } from '../history/pages.ts';
import { HistoryAudit, isDue } from './audit.ts';

const { signal } = new AbortController();
const NOW = Date.UTC(2026, 0, 1, 12);
const proves = testProofs();
const conditions = [
  { type: 'Succeeded', status: 'True', reason: 'Succeeded', message: '', lastTransitionTime: '' },
] as const;

let stores: ReturnType<typeof createStores>;
let kept: Map<string, RunJournal>;
let requests: string[];
let patched: { path: string; value: { type: string; message: string }[] } | undefined;
let told: string[];
let run: WorkflowRun;

const client = {
  create: async (_type: unknown, page: RunJournal) => void kept.set(page.metadata.name, page),
  get: async (_type: unknown, { name }: { name: string }) => {
    requests.push(name);
    return kept.get(name) ?? Promise.reject(new ApiError(404, { reason: 'NotFound' }));
  },
  patch: async (_type: unknown, _ref: unknown, { operations }: { operations: (typeof patched)[] }) => {
    patched = operations.at(-1);
  },
} as unknown as KubeClient;

beforeEach(async () => {
  stores = createStores(false);
  kept = new Map();
  requests = [];
  patched = undefined;
  told = [];
  const metadata = { name: 'r', namespace: 'n', uid: 'u' };
  const spec = { workflowRef: { name: 'w' }, desiredState: 'Running' } as const;
  run = { apiVersion: '', kind: '', metadata, spec };
  let journal: Journal | undefined;
  for (let seq = 0; (journal?.pages ?? 0) < 2; seq++) {
    const { journal: next, page } = extendJournal(journal, seq, [JSON.stringify(['L', 1, ['x'.repeat(3000)]])]);
    if (page) await storePage({ client, proves }, run, page, signal);
    journal = next;
  }
  if (!journal) throw new Error('no page was cut');
  run = { ...run, status: { journal, conditions: [...conditions], finishedAt: new Date(NOW).toISOString() } };
});

async function audited(of: WorkflowRun): Promise<void> {
  stores.runs.put({ key: 'n/r', uid: 'u', resourceVersion: JSON.stringify(of), value: of });
  const recorder = { event: (_about: unknown, _type: string, reason: string) => void told.push(reason) };
  const clock = { ...realClock, now: () => NOW + 1000 };
  const audit = new HistoryAudit({ client, stores, clock, proves, recorder: recorder as never });
  await audit.reconcile('n/r', { logger: silentLogger(), reconcileId: '', signal });
}

describe('the audit of a history', () => {
  it('reads each page once when the run has ended, and writes nothing when all is well', async () => {
    await audited(run);
    expect(requests).toHaveLength(2);
    expect({ patched, told }).toEqual({ patched: undefined, told: [] });
  });

  it('says on the run which page is damaged, what can still be done, and nothing else of it changes', async () => {
    kept.delete('u-1');
    await audited(run);
    expect(patched?.path).toBe('/status/conditions');
    expect(patched?.value[0]).toEqual(conditions[0]);
    expect(patched?.value[1]?.type).toBe('HistoryDamaged');
    expect(patched?.value[1]?.message).toMatch(/starting at RunJournal u-1, were forged.*use mode Rerun/);
    expect(told).toEqual(['HistoryDamaged']);
  });

  it('is said once', async () => {
    kept.delete('u-1');
    await audited(run);
    const { status } = run;
    await audited({ ...run, status: { ...status, conditions: patched?.value as never } });
    expect(told).toEqual(['HistoryDamaged']);
  });

  it('costs nothing for runs without pages, of an older version, that go on, or that ended long ago', () => {
    const { journal, finishedAt = '', ...rest } = run.status ?? {};
    const due = (status: WorkflowRun['status']) => isDue({ ...run, status }, NOW);
    expect(due(run.status)).toBe(true);
    if (!journal) throw new Error('the run has no journal');
    expect(due({ ...rest, finishedAt, journal: { ...journal, newest: undefined } })).toBe(false);
    expect(due({ ...rest, journal })).toBe(false);
    expect(due({ ...rest, journal, finishedAt: new Date(NOW - 3_600_000).toISOString() })).toBe(false);
  });
});
