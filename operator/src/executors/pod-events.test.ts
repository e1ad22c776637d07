import { beforeEach, describe, expect, it } from 'vitest';
import type { AttemptObservation } from '../api/index.ts';
import type { ContainerState, Pod } from '../pods/index.ts';
import type { KubeClient } from '../runtime/index.ts';
import { PodEvents, whyOf } from './pod-events.ts';
import { movableClock } from './testing/fake-objects.ts';

const run = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };
const START = Date.UTC(2026, 0, 1);
const at = (ms: number) => new Date(ms).toISOString();
const MISSING = 'MountVolume.SetUp failed for volume "certs" : secret "certs" not found';

const event = (note: string, more: object = {}) => ({
  ...{ metadata: { name: 'e' }, reason: 'FailedMount', note, deprecatedLastTimestamp: at(START) },
  ...more,
});

const pod = (more: { uid?: string; init?: ContainerState; nodeName?: string | undefined } = {}): Pod => ({
  metadata: { name: 'p', namespace: 'n', uid: more.uid ?? 'p', creationTimestamp: at(START) },
  spec: { containers: [], ...('nodeName' in more ? {} : { nodeName: 'node-1' }) },
  status: { phase: 'Pending', ...(more.init ? { initContainerStatuses: [{ name: 'agent', state: more.init }] } : {}) },
});
const SILENT: AttemptObservation = { phase: 'Pending', since: START };

describe('why a pod does not start', () => {
  let clock: ReturnType<typeof movableClock>;
  let lists: unknown[];
  let woken: number;
  let answer: () => Promise<unknown[]>;
  let events: PodEvents;

  beforeEach(() => {
    clock = movableClock();
    lists = [];
    woken = 0;
    answer = async () => [event(MISSING)];
    const list = async (_type: unknown, query: unknown) => {
      lists.push(query);
      return { items: await answer(), metadata: {} };
    };
    const client = { list } as unknown as KubeClient;
    events = new PodEvents({ client, clock, wake: () => void woken++ });
  });

  /** What was asked is answered, and then time passes. */
  const pass = async (ms: number) => {
    await new Promise((resolve) => setImmediate(resolve));
    clock.move(ms);
  };
  const told = (it = pod(), seen: AttemptObservation = SILENT) => events.told(run, it, seen);

  it('is asked of its Events once it has been silent for ten seconds, and told when the answer is there', async () => {
    expect(told()).toEqual({ observation: SILENT, again: 10_000 });
    await pass(10_000);
    expect(told().observation).toEqual(SILENT);
    await pass(0);
    expect(lists).toEqual([{ namespace: 'n', fieldSelector: 'regarding.uid=p,type=Warning', limit: 50 }]);
    expect(woken).toBe(1);
    expect(told().observation).toEqual({ ...SILENT, reason: 'FailedMount', message: MISSING });
  });

  it('is asked at most twice a minute, and wakes the run only for what is new', async () => {
    await pass(10_000);
    for (let second = 0; second < 60; second++) {
      told();
      await pass(1_000);
    }
    expect(lists).toHaveLength(2);
    expect(woken).toBe(1);
  });

  it('is asked for one pod at a time, with two seconds between two', async () => {
    await pass(10_000);
    const names = Array.from({ length: 500 }, (_, index) => `p${index}`);
    for (let second = 0; second < 10; second++) {
      for (const uid of names) told(pod({ uid }));
      await pass(1_000);
    }
    expect(lists).toHaveLength(5);
  });

  it('is asked no more for a minute when the server does not answer or allow it, and breaks nothing', async () => {
    answer = async () => Promise.reject(new Error('forbidden'));
    await pass(10_000);
    told();
    await pass(59_000);
    expect(told().observation).toEqual(SILENT);
    expect(lists).toHaveLength(1);
    await pass(1_000);
    told();
    expect(lists).toHaveLength(2);
    expect(woken).toBe(0);
  });

  it('is not asked of a pod that says why, has no node, is ending or runs', async () => {
    await pass(60_000);
    const says: AttemptObservation = { phase: 'Pending', reason: 'ImagePull', message: 'x', since: START };
    expect(told(pod(), says)).toEqual({ observation: says });
    expect(told(pod({ nodeName: undefined }))).toEqual({ observation: SILENT });
    const ending = { ...pod(), metadata: { ...pod().metadata, deletionTimestamp: at(START) } };
    expect(told(ending)).toEqual({ observation: SILENT });
    expect(told(pod(), { phase: 'Running', startedAt: 0 })).toEqual({
      observation: { phase: 'Running', startedAt: 0 },
    });
    expect(lists).toEqual([]);
  });

  it('is an init container of others that has not ended, where Events say nothing', async () => {
    answer = async () => [];
    await pass(10_000);
    expect(told(pod({ init: { running: {} } })).observation).toMatchObject({
      reason: 'InitContainerRunning',
      message: expect.stringContaining('"agent"'),
    });
  });
});

describe('of several Events', () => {
  const now = START + 60_000;

  it('the newest counts, and one that sums up the others only where it is alone', () => {
    const summary = event('Unable to attach or mount volumes: unmounted volumes=[certs]: timed out', {
      series: { lastObservedTime: at(START + 50_000) },
    });
    const older = event('older', { deprecatedLastTimestamp: null, eventTime: at(START - 1000) });
    expect(whyOf([summary, older, event(MISSING)], now)?.message).toBe(MISSING);
    expect(whyOf([summary], now)?.message).toBe(summary.note);
  });

  it('those count that say why a pod waits, and are not over', () => {
    expect(whyOf([event('x', { reason: 'Unhealthy' }), event('y', { reason: undefined })], now)).toBeUndefined();
    expect(whyOf([event(MISSING)], START + 180_000)).toBeUndefined();
    expect(whyOf([event('no network', { reason: 'FailedCreatePodSandBox' })], now)).toEqual({
      reason: 'FailedCreatePodSandBox',
      message: 'no network',
    });
  });

  it('what is told is redacted and bounded, whoever wrote it', () => {
    const token = `ghp_${'q7Rz'.repeat(10)}`;
    const message = whyOf([event(`with ${token} ${'x'.repeat(5000)}`)], now)?.message ?? '';
    expect(message).toContain('with [redacted]');
    expect(message.length).toBeLessThanOrEqual(512);
  });
});
