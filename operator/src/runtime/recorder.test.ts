import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../objects/index.ts';
import { createMetrics, silentLogger } from '../telemetry/index.ts';
import { ApiError } from './errors.ts';
import { KubeRecorder, type RecorderOptions } from './recorder.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';

interface Written extends KubeObject {
  note?: string;
  series?: { count: number; lastObservedTime: string };
  regarding?: Record<string, string>;
  eventTime?: string;
}

const run: KubeObject = {
  apiVersion: 'flow.ado.dev/v1alpha1',
  kind: 'WorkflowRun',
  metadata: { name: 'r', namespace: 'a', uid: 'u1', resourceVersion: '5' },
};

function setUp(options: Partial<RecorderOptions> = {}) {
  const clock = new FakeClock();
  const metrics = createMetrics({ process: false });
  const created: Written[] = [];
  const patched: { name: string; body: Written }[] = [];
  const faults: unknown[] = [];
  const client = {
    create: async (_type: unknown, object: KubeObject) => {
      if (faults.length > 0) throw faults.shift();
      created.push(object as Written);
      return object;
    },
    patch: async (_type: unknown, ref: { name: string }, patch: { body: Written }) => {
      if (faults.length > 0) throw faults.shift();
      patched.push({ name: ref.name, body: patch.body });
      return patch.body;
    },
  } as unknown as RecorderOptions['client'];
  const recorder = new KubeRecorder({
    client,
    logger: silentLogger(),
    metrics,
    clock,
    controller: 'flow.ado.dev/operator',
    instance: 'pod-1',
    ...options,
  });
  return { clock, metrics, created, patched, faults, recorder };
}

describe('KubeRecorder', () => {
  it('writes an event of events.k8s.io with all that the API asks for', async () => {
    const { created, recorder } = setUp();
    recorder.event(run, 'Normal', 'Succeeded', 'Run', 'all 4 tasks succeeded');
    await settle();
    expect(created).toHaveLength(1);
    expect(created[0]).toMatchObject({
      metadata: { namespace: 'a' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'flow.ado.dev/operator',
      reportingInstance: 'pod-1',
      type: 'Normal',
      reason: 'Succeeded',
      action: 'Run',
      note: 'all 4 tasks succeeded',
      regarding: { apiVersion: 'flow.ado.dev/v1alpha1', kind: 'WorkflowRun', name: 'r', namespace: 'a', uid: 'u1' },
    });
    expect(created[0]?.metadata.name).toMatch(/^r\.[0-9a-f]+$/);
  });

  it('puts events of cluster-scoped objects into the default namespace', async () => {
    const { created, recorder } = setUp();
    recorder.event({ kind: 'ClusterWorkflowTemplate', metadata: { name: 't', uid: 'u' } }, 'Normal', 'A', 'B', 'c');
    await settle();
    expect(created[0]?.metadata.namespace).toBe('default');
  });

  it('makes one object of equal events, and counts in it at most every few seconds', async () => {
    const { clock, created, patched, recorder } = setUp({ seriesPeriodMs: 10_000 });
    for (let i = 0; i < 100; i++) {
      recorder.event(run, 'Warning', 'Waiting', 'Start', 'no permit');
      await clock.advance(500);
    }
    await clock.advance(10_000);
    expect(created).toHaveLength(1);
    expect(patched.length).toBeGreaterThanOrEqual(4);
    expect(patched.length).toBeLessThanOrEqual(6);
    expect(patched.at(-1)?.name).toBe(created[0]?.metadata.name);
    expect(patched.at(-1)?.body.series?.count).toBe(100);
    expect(clock.timers).toBe(0);
  });

  it('starts a new object after a long silence', async () => {
    const { clock, created, recorder } = setUp();
    recorder.event(run, 'Warning', 'Waiting', 'Start', 'no permit');
    await clock.advance(400_000);
    recorder.event(run, 'Warning', 'Waiting', 'Start', 'no permit');
    await settle();
    expect(created).toHaveLength(2);
    expect(created[0]?.metadata.name).not.toBe(created[1]?.metadata.name);
  });

  it('makes the object again when it is gone', async () => {
    const { clock, created, faults, recorder } = setUp();
    recorder.event(run, 'Warning', 'Waiting', 'Start', 'no permit');
    await settle();
    recorder.event(run, 'Warning', 'Waiting', 'Start', 'no permit');
    faults.push(new ApiError(404, { reason: 'NotFound' }));
    await clock.advance(10_000);
    expect(created.map((event) => event.series?.count)).toEqual([undefined, 2]);
  });

  it('drops what exceeds the budget of its object, and counts that', async () => {
    const { clock, created, metrics, recorder } = setUp({ burst: 3, refillMs: 60_000 });
    for (let i = 0; i < 10; i++) recorder.event(run, 'Normal', 'Step', 'Run', `step ${i}`);
    recorder.event({ ...run, metadata: { ...run.metadata, uid: 'u2' } }, 'Normal', 'Step', 'Run', 'other');
    await settle();
    expect(created).toHaveLength(4);
    expect(await metrics.scrape()).toContain('ado_kube_events_dropped_total{reason="RateLimited"} 7');
    await clock.advance(120_000);
    for (let i = 10; i < 20; i++) recorder.event(run, 'Normal', 'Step', 'Run', `step ${i}`);
    await settle();
    expect(created).toHaveLength(6);
  });

  it('drops what the queue cannot hold while the server is slow, and never throws', async () => {
    const { clock, metrics, recorder, faults } = setUp({ maxQueued: 5, burst: 1000 });
    faults.push(new ApiError(500, { reason: 'InternalError' }));
    for (let i = 0; i < 20; i++) recorder.event(run, 'Normal', 'Step', 'Run', `step ${i}`);
    await clock.advance(0);
    const text = await metrics.scrape();
    expect(text).toMatch(/dropped_total\{reason="QueueFull"\} 1[45]/);
    expect(text).toContain('dropped_total{reason="Failed"} 1');
  });

  it('cuts notes to the limit of the API in bytes, not inside a character', async () => {
    const { created, recorder } = setUp();
    recorder.event(run, 'Normal', 'Long', 'Run', '日'.repeat(1000));
    await settle();
    const note = created[0]?.note ?? '';
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^日+…$/);
  });

  it('writes the last counts when it stops, takes nothing after, and leaves no timer', async () => {
    const { clock, created, patched, recorder } = setUp();
    recorder.event(run, 'Normal', 'A', 'B', 'c');
    await settle();
    recorder.event(run, 'Normal', 'A', 'B', 'c');
    await recorder.stop();
    recorder.event(run, 'Normal', 'A', 'B', 'after');
    await settle();
    expect(created).toHaveLength(1);
    expect(patched[0]?.body.series?.count).toBe(2);
    expect(clock.timers).toBe(0);
  });

  it('does not hang on a server that does not answer when it stops', async () => {
    const { clock, recorder, faults } = setUp({
      client: { create: () => new Promise(() => undefined) } as unknown as RecorderOptions['client'],
    });
    expect(faults).toEqual([]);
    recorder.event(run, 'Normal', 'A', 'B', 'c');
    const stopping = recorder.stop(1000);
    await clock.advance(1000);
    await stopping;
  });
});
