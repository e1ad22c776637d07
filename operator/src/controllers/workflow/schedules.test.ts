import { describe, expect, it } from 'vitest';
import {
  epochOf,
  type Schedule,
  type ScheduleStatus,
  timeOf,
  UNATTESTED,
  type Workflow,
  type WorkflowRun,
} from '../../api/index.ts';
import { ApiError, type KubeClient, WaitingError } from '../../runtime/index.ts';
import { runNameOf } from '../../schedules/index.ts';
import { createStores } from '../stores/stores.ts';
import { testProofs } from '../testing/proofs.ts';
import type { WorkflowDeps } from './deps.ts';
import { Schedules } from './schedules.ts';

const NOON = epochOf('2026-11-21T12:00:00Z') ?? 0;
const MINUTE = 60_000;
const signal = new AbortController().signal;
const slot = (minutes: number): string => timeOf(NOON + minutes * MINUTE);
const nameOf = (minutes: number): string =>
  runNameOf({ workflow: 'w', uid: 'u', schedule: 's' }, NOON + minutes * MINUTE);

/** Every minute, seen at noon. */
const everyMinute: Schedule = { name: 's', cron: '* * * * *' };

/** A server with one Workflow, and the reconciler's schedules at a time that the test sets. */
class Bench {
  now = NOON;
  readonly stores = createStores(false);
  readonly server = new Map<string, WorkflowRun>();
  readonly created: string[] = [];
  readonly cancelled: string[] = [];
  readonly told: string[] = [];
  /** Whether somebody else is always there first. */
  takesAll = false;
  liveVersion = '1';
  refusal: Error | undefined;
  schedule = everyMinute;
  entries: readonly ScheduleStatus[] = [];
  readonly #schedules: Schedules;

  constructor(schedule: Partial<Schedule> = {}) {
    this.schedule = { ...everyMinute, ...schedule };
    this.#schedules = new Schedules({
      client: this.#client(),
      stores: this.stores,
      clock: { now: () => this.now },
      attests: UNATTESTED,
      proves: testProofs(),
      recorder: { event: (_of: unknown, _type: string, reason: string) => void this.told.push(reason) },
    } as unknown as WorkflowDeps);
  }

  #client(): KubeClient {
    return {
      create: async (_type: unknown, run: WorkflowRun) => {
        if (this.refusal) throw this.refusal;
        if (this.takesAll) this.server.set(run.metadata.name, { ...run, spec: { ...run.spec, provenance: undefined } });
        if (this.server.has(run.metadata.name)) throw new ApiError(409, { reason: 'AlreadyExists', message: 'exists' });
        this.created.push(run.metadata.name);
        this.server.set(run.metadata.name, run);
        return run;
      },
      get: async (type: { kind: string }, { name }: { name: string }) => {
        if (type.kind === 'Workflow') return { metadata: { resourceVersion: this.liveVersion } };
        const run = this.server.get(name);
        if (!run) throw new ApiError(404, { reason: 'NotFound', message: 'gone' });
        return run;
      },
      patch: async (_type: unknown, { name }: { name: string }) => this.cancelled.push(name),
    } as unknown as KubeClient;
  }

  /** One tick at so many minutes after noon; what it decided is stored, unless the operator dies before. */
  async tick(minutes: number, { dies = false } = {}): Promise<ScheduleStatus | undefined> {
    this.now = NOON + minutes * MINUTE;
    const ticked = await this.#schedules.tick(this.#workflow(), { schedules: [this.schedule], declared: [] }, signal);
    if (dies) return undefined;
    this.#schedules.reported(this.#workflow(), ticked.news);
    this.entries = ticked.news.schedules ?? [];
    return this.entries[0];
  }

  /** The cache shows what the server has. */
  hear(): void {
    const entries = [...this.server.values()].map((value) => {
      const { name } = value.metadata;
      return { key: `n/${name}`, uid: name, resourceVersion: String(this.now), value };
    });
    this.stores.runs.replace(entries);
  }

  end(minutes: number): void {
    const run = this.server.get(nameOf(minutes));
    if (run) this.server.set(nameOf(minutes), { ...run, status: { finishedAt: slot(minutes) } });
    this.hear();
  }

  /** The Workflow is gone; how much is remembered then. */
  forget(): number {
    this.#schedules.forget('n/w');
    return this.#schedules.size;
  }

  #workflow(): Workflow {
    return {
      apiVersion: '',
      kind: 'Workflow',
      metadata: { name: 'w', namespace: 'n', uid: 'u', resourceVersion: '1', generation: 2 },
      spec: { tasks: [] },
      status: { schedules: [...this.entries], firstSeen: { at: slot(-60) } },
    };
  }
}

describe('the schedules of a Workflow', () => {
  it('are forgotten with it, also if nothing was stored of them', async () => {
    const bench = new Bench();
    bench.entries = [{ name: 's', timing: '* * * * *', lastSlot: slot(0) }];
    await bench.tick(1, { dies: true });
    expect(bench.forget()).toBe(0);
  });

  it('find what was made before a crash, and do not count it as a run that is in the way', async () => {
    const bench = new Bench();
    await bench.tick(0);
    await bench.tick(1, { dies: true });
    bench.hear();
    const entry = await bench.tick(1);
    expect(bench.created).toEqual([nameOf(1)]);
    expect(entry).toMatchObject({ lastSlot: slot(1), started: 1, lastRun: { name: nameOf(1), slot: slot(1) } });
    expect(entry?.skipped).toBeUndefined();
  });

  it('read the run that was started last where the cache does not show it yet', async () => {
    const bench = new Bench();
    await bench.tick(0);
    await bench.tick(1);
    const entry = await bench.tick(2);
    expect(bench.created).toEqual([nameOf(1)]);
    expect(entry).toMatchObject({ skipped: 1, reason: 'SlotSkipped', lastSlot: slot(2) });
  });

  it('decide nothing on a cache that is older than what a leader before has written', async () => {
    const bench = new Bench();
    await bench.tick(0);
    bench.liveVersion = '2';
    await expect(bench.tick(1)).rejects.toThrow(WaitingError);
    expect(bench.created).toEqual([]);
  });

  it('decide on what they have written themselves where the cache is older', async () => {
    const bench = new Bench({ overlap: 'Allow' });
    await bench.tick(0);
    await bench.tick(1);
    bench.server.clear();
    bench.entries = [];
    const entry = await bench.tick(1.5);
    expect(bench.created).toEqual([nameOf(1)]);
    expect(entry?.lastSlot).toBe(slot(1));
  });

  it('wait with a slot whose run the API server refuses, and start it when it does not any more', async () => {
    const bench = new Bench({ startingDeadline: '10m' });
    await bench.tick(0);
    bench.refusal = new ApiError(403, { reason: 'Forbidden', message: 'exceeded quota: runs' });
    const refused = await bench.tick(1);
    expect(refused).toMatchObject({ lastSlot: slot(0), reason: 'SlotRefused' });
    expect(refused?.message).toContain('exceeded quota');
    bench.refusal = undefined;
    const entry = await bench.tick(1.5);
    expect(bench.created).toEqual([nameOf(1)]);
    expect(entry).toMatchObject({ lastSlot: slot(1), reason: 'SlotStarted' });
  });

  it('let a slot pass whose values cannot be computed, and still say so later', async () => {
    const bench = new Bench({ with: { day: '${{ int(schedule.slot) }}' } });
    await bench.tick(0);
    const entry = await bench.tick(1);
    expect(entry).toMatchObject({ lastSlot: slot(1), reason: 'SlotRefused', missed: 1 });
    expect(entry?.message).toContain('with.day: ');
    expect(await bench.tick(1.5)).toEqual(entry);
  });

  it('write nothing, and are tried again, when the API server is away', async () => {
    const bench = new Bench();
    await bench.tick(0);
    bench.refusal = new ApiError(503, { reason: 'ServiceUnavailable', message: 'away' });
    await expect(bench.tick(1)).rejects.toThrow('away');
    bench.refusal = undefined;
    await bench.tick(1);
    expect(bench.created).toEqual([nameOf(1)]);
  });

  /** A run that looks like that of a slot: all but the proof can be written by whoever may create runs. */
  const squatter = (name: string, minutes: number): WorkflowRun => ({
    apiVersion: '',
    kind: '',
    metadata: { name, namespace: 'n', ownerReferences: [{ ...OWNER, controller: true }] },
    spec: {
      ...{ workflowRef: { name: 'w' }, desiredState: 'Running' },
      origin: { type: 'Schedule', schedule: 's', slot: slot(minutes) },
    },
  });
  const OWNER = { apiVersion: 'flow.ado.dev/v1alpha1', kind: 'Workflow', name: 'w', uid: 'u' };

  it('leave a run alone that is not theirs, start theirs under another name, once, and say so', async () => {
    const bench = new Bench();
    await bench.tick(0);
    bench.server.set(nameOf(1), squatter(nameOf(1), 1));
    bench.hear();
    await bench.tick(1, { dies: true });
    bench.hear();
    bench.server.delete(nameOf(1));
    const entry = await bench.tick(1);
    expect(bench.created).toHaveLength(1);
    expect(bench.created[0]).toMatch(/^w-[0-9a-f]{11}$/);
    expect(bench.told).toEqual(['NameTaken']);
    expect(entry).toMatchObject({ lastSlot: slot(1), lastRun: { name: bench.created[0] } });
  });

  it('say so where others have all names, and start the run when one is free', async () => {
    const bench = new Bench();
    bench.takesAll = true;
    await bench.tick(0);
    const entry = await bench.tick(1);
    expect(entry).toMatchObject({ reason: 'SlotRefused', lastSlot: slot(0) });
    expect(entry?.message).toContain('do not belong to this schedule; delete them');
    bench.takesAll = false;
    bench.server.clear();
    expect(await bench.tick(1)).toMatchObject({ lastSlot: slot(1), lastRun: { name: nameOf(1) } });
  });

  it('take no run for one that is under way because it says so', async () => {
    const bench = new Bench({ overlap: 'Skip' });
    await bench.tick(0);
    bench.server.set('forged', squatter('forged', 0));
    bench.hear();
    await bench.tick(1);
    expect(bench.created).toEqual([nameOf(1)]);
  });

  it('cancel the run under way for the newest slot, and start that when it has ended', async () => {
    const bench = new Bench({ overlap: 'CancelRunning' });
    await bench.tick(0);
    await bench.tick(1);
    bench.hear();
    const waiting = await bench.tick(2);
    expect(bench.cancelled).toEqual([nameOf(1)]);
    expect(waiting).toMatchObject({ queued: [slot(2)], reason: 'SlotQueued' });
    bench.end(1);
    const entry = await bench.tick(2.1);
    expect(bench.created).toEqual([nameOf(1), nameOf(2)]);
    expect(entry?.queued).toBeUndefined();
  });

  it('say when the clock is far behind what they have started', async () => {
    const bench = new Bench({ overlap: 'Allow' });
    await bench.tick(0);
    await bench.tick(30);
    const entry = await bench.tick(1);
    expect(entry).toMatchObject({ reason: 'ClockBehind', lastSlot: slot(30) });
  });
});
