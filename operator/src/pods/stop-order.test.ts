import { describe, expect, it } from 'vitest';
import { observePod } from './outcome.ts';
import type { Pod, PodStatus } from './pod.ts';
import { trimPod } from './trim.ts';

/** The moment of every order. */
const ORDER = 30;
const AT = (second: number) => `2026-03-01T10:00:${String(second).padStart(2, '0')}Z`;
const GRACE = 20;

/** A pod whose container ended with 0 at a given second, or at an unknown time. */
type Ordered = (status: PodStatus) => Pod;

const pod = (status: PodStatus, metadata: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'shop', creationTimestamp: AT(0), ...metadata },
  spec: { containers: [], nodeName: 'node-1' },
  status,
});
const ended = (second: number | undefined): PodStatus => ({
  phase: 'Succeeded',
  containerStatuses: [
    {
      name: 'main',
      state: {
        terminated: {
          exitCode: 0,
          reason: 'Completed',
          startedAt: AT(1),
          finishedAt: second === undefined ? null : AT(second),
        },
      },
    },
  ],
});
const deletion = { deletionTimestamp: AT(ORDER + GRACE), deletionGracePeriodSeconds: GRACE };
const target = (reason: string) => [
  { type: 'DisruptionTarget', status: 'True', reason, message: `because of ${reason}`, lastTransitionTime: AT(ORDER) },
];

/** Everything that can stop a pod, the shape of the pod then, and the reason of the outcome. */
const ORDERS: readonly (readonly [who: string, ordered: Ordered, reason: string])[] = [
  ['a deletion', (status) => pod(status, deletion), 'PodDeleted'],
  [
    'a deletion by force that followed a deletion',
    (status) => pod(status, { deletionTimestamp: AT(ORDER), deletionGracePeriodSeconds: 0 }),
    'PodDeleted',
  ],
  ...(
    [
      ['the eviction API, which drains nodes', 'EvictionByEvictionAPI', 'Evicted'],
      ['a preemption', 'PreemptionByScheduler', 'Preempted'],
      ['a taint of the node', 'DeletionByTaintManager', 'NodeLost'],
      ['the pod garbage collector', 'DeletionByPodGC', 'NodeLost'],
      ['an unknown kind of disruption', 'SomethingNew', 'Evicted'],
    ] as const
  ).flatMap(([who, word, reason]) => [
    [who, (status: PodStatus) => pod({ ...status, conditions: target(word) }, deletion), reason] as const,
    [
      `${who}, before the pod is deleted`,
      (status: PodStatus) => pod({ ...status, conditions: target(word) }),
      reason,
    ] as const,
  ]),
];

const seen = (shape: Pod) => observePod(trimPod(shape));

describe.each(ORDERS)('%s that a container answers with exit code 0', (_who, ordered, reason) => {
  const disrupted = { phase: 'Failed', cause: 'Infrastructure', reason, exitCode: 0 };

  it('counts if the container ended after it, and the message says so', () => {
    expect(seen(ordered(ended(ORDER + 1)))).toMatchObject(disrupted);
    expect(seen(ordered(ended(ORDER + 1)))).toMatchObject({ message: expect.stringMatching(/only after it was told/) });
  });

  it('counts if both are in the same second, and the message says that clocks cannot tell', () => {
    expect(seen(ordered(ended(ORDER)))).toMatchObject(disrupted);
    expect(seen(ordered(ended(ORDER)))).toMatchObject({ message: expect.stringMatching(/clocks cannot tell/) });
  });

  it('counts if the end of the container is unknown', () => {
    expect(seen(ordered(ended(undefined)))).toMatchObject({
      ...disrupted,
      message: expect.stringMatching(/nothing shows/),
    });
    expect(seen(ordered({ phase: 'Succeeded' }))).toMatchObject(disrupted);
  });

  it('does not count if the container ended before', () => {
    expect(seen(ordered(ended(ORDER - 1)))).toMatchObject({ phase: 'Succeeded' });
  });
});

describe.each([
  ['an eviction by the node', { reason: 'Evicted', message: 'The node was low on resource: memory.' }, 'Evicted'],
  ['a shutdown of the node', { reason: 'Terminated', message: 'Pod was terminated' }, 'NodeShutdown'],
  ['a preemption by a critical pod', { reason: 'Preempting', message: 'to admit a critical pod' }, 'Preempted'],
  ['a deadline of a policy', { reason: 'DeadlineExceeded', message: 'active for too long' }, 'TimedOut'],
])('%s, at a time that is not in the pod', (_who, status, reason) => {
  it('counts, whatever the exit code', () => {
    expect(seen(pod({ ...ended(ORDER), phase: 'Failed', ...status }))).toMatchObject({
      phase: 'Failed',
      reason,
      exitCode: 0,
    });
  });
});

describe('a withdrawn order', () => {
  it('does not count', () => {
    const conditions = target('EvictionByEvictionAPI').map((each) => ({ ...each, status: 'False' }));
    expect(seen(pod({ ...ended(ORDER), conditions }))).toMatchObject({ phase: 'Succeeded' });
  });
});
