import { describe, expect, it } from 'vitest';
import type { AttemptObservation } from '../api/index.ts';
import { observePod } from './outcome.ts';
import type { Pod, PodStatus, Terminated } from './pod.ts';
import { trimPod } from './trim.ts';

const CREATED = '2026-03-01T10:00:00Z';
const STARTED = '2026-03-01T10:00:05Z';
const FINISHED = '2026-03-01T10:01:00Z';
const ms = (time: string) => Date.parse(time);
const RAN = { startedAt: ms(STARTED), finishedAt: ms(FINISHED) };

interface Shape {
  status?: PodStatus;
  nodeName?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
}

function pod({ status, nodeName, ...meta }: Shape): Pod {
  return {
    metadata: { name: 'p', namespace: 'shop', creationTimestamp: CREATED, ...meta },
    spec: { containers: [], ...(nodeName === undefined ? {} : { nodeName }) },
    ...(status ? { status } : {}),
  };
}

const NODE = { nodeName: 'node-1' };
const terminated = (exitCode: number, more: Partial<Terminated> = {}): Terminated => ({
  exitCode,
  reason: exitCode === 0 ? 'Completed' : 'Error',
  startedAt: STARTED,
  finishedAt: FINISHED,
  ...more,
});
const main = (state: NonNullable<PodStatus['containerStatuses']>[number]['state']) => ({
  containerStatuses: [{ name: 'main', ...(state ? { state } : {}) }],
});
const dead = (exitCode: number, more: Partial<Terminated> = {}, status: PodStatus = {}): PodStatus => ({
  phase: exitCode === 0 ? 'Succeeded' : 'Failed',
  ...main({ terminated: terminated(exitCode, more) }),
  ...status,
});
const target = (reason: string, lastTransitionTime = FINISHED) => ({
  conditions: [
    { type: 'DisruptionTarget', status: 'True', reason, message: `because of ${reason}`, lastTransitionTime },
  ],
});
const waiting = (reason: string, message: string): PodStatus => ({
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'True' }],
  ...main({ waiting: { reason, message } }),
});
/** Deleted with the usual grace of 30 s at `time`. */
const deletedAt = (time: string, grace = 30) => ({
  deletionTimestamp: new Date(ms(time) + grace * 1000).toISOString().replace('.000Z', 'Z'),
  deletionGracePeriodSeconds: grace,
});

type Row = [sentence: string, pod: Pod, expected: Partial<AttemptObservation>];

function table(rows: readonly Row[]): void {
  it.each(rows)('%s', (_sentence, shape, expected) => {
    expect(observePod(shape)).toMatchObject(expected);
    expect(observePod(trimPod(shape)), 'as it is cached').toEqual(observePod(shape));
  });
}

describe('a pending attempt', () => {
  const since = ms(CREATED);
  table([
    ['has no status yet', pod({}), { phase: 'Pending', since }],
    [
      'has no suitable node',
      pod({
        status: {
          phase: 'Pending',
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'Unschedulable',
              message: '0/3 nodes are available: 3 Insufficient memory.',
            },
          ],
        },
      }),
      { phase: 'Pending', reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient memory.', since },
    ],
    [
      'is blocked by a scheduling gate',
      pod({
        status: {
          phase: 'Pending',
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'SchedulingGated',
              message: 'Scheduling is blocked due to non-empty scheduling gates',
            },
          ],
        },
      }),
      { phase: 'Pending', reason: 'Unschedulable' },
    ],
    [
      'cannot pull its image',
      pod({ ...NODE, status: waiting('ImagePullBackOff', 'Back-off pulling image "nope:1"') }),
      { phase: 'Pending', reason: 'ImagePull', message: 'Back-off pulling image "nope:1"' },
    ],
    [
      'lacks a Secret',
      pod({ ...NODE, status: waiting('CreateContainerConfigError', 'secret "api" not found') }),
      { phase: 'Pending', reason: 'ContainerConfig', message: 'secret "api" not found' },
    ],
    ['is being created', pod({ ...NODE, status: waiting('ContainerCreating', '') }), { phase: 'Pending', since }],
    [
      'stays pending while it is being deleted, until its node reports the end',
      pod({ ...NODE, ...deletedAt(FINISHED), status: waiting('ContainerCreating', '') }),
      { phase: 'Pending', since },
    ],
  ]);
});

describe('a running attempt', () => {
  const running: PodStatus = { phase: 'Running', ...main({ running: { startedAt: STARTED } }) };
  table([
    ['started when its container did', pod({ ...NODE, status: running }), { phase: 'Running', startedAt: ms(STARTED) }],
    [
      'keeps running while it is being deleted',
      pod({ ...NODE, ...deletedAt(FINISHED), status: running }),
      { phase: 'Running' },
    ],
    [
      'is marked for disruption and still runs',
      pod({ ...NODE, ...deletedAt(FINISHED), status: { ...running, ...target('DeletionByTaintManager') } }),
      { phase: 'Running' },
    ],
    [
      'is on a lost node',
      pod({ ...NODE, status: { ...running, phase: 'Unknown', reason: 'NodeLost' } }),
      { phase: 'Failed', cause: 'Infrastructure', reason: 'NodeLost' },
    ],
  ]);

  it('is lost if its node is silent for a minute after the grace period of its deletion', () => {
    const silent = pod({ ...NODE, ...deletedAt(FINISHED, 30), status: running });
    expect(observePod(silent, ms(FINISHED) + 90_000)).toMatchObject({ phase: 'Running' });
    expect(observePod(silent, ms(FINISHED) + 91_000)).toMatchObject({ phase: 'Failed', reason: 'NodeLost' });
  });

  it('is never lost merely because time passes', () => {
    expect(observePod(pod({ ...NODE, status: running }), ms(FINISHED) + 1e12)).toMatchObject({ phase: 'Running' });
  });
});

describe('a succeeded attempt', () => {
  table([
    [
      'keeps its termination message unchanged',
      pod({ ...NODE, status: dead(0, { message: 'digest=abc\n' }) }),
      { phase: 'Succeeded', message: 'digest=abc\n', ...RAN },
    ],
    [
      'has ended although an injected sidecar still runs',
      pod({
        ...NODE,
        status: {
          phase: 'Running',
          containerStatuses: [
            { name: 'proxy', state: { running: { startedAt: STARTED } } },
            { name: 'main', state: { terminated: terminated(0) } },
          ],
        },
      }),
      { phase: 'Succeeded' },
    ],
    [
      'is being deleted after it ended',
      pod({ ...NODE, ...deletedAt('2026-03-01T11:00:00Z', 0), status: dead(0) }),
      { phase: 'Succeeded' },
    ],
    [
      'is known only by its phase',
      pod({ ...NODE, status: { phase: 'Succeeded' } }),
      { phase: 'Succeeded', message: '' },
    ],
  ]);
});

const user = (reason: string, message: RegExp | string) => ({
  phase: 'Failed' as const,
  cause: 'User' as const,
  reason: reason as never,
  message: expect.stringMatching(message) as unknown as string,
});

describe('a failure of the task', () => {
  table([
    [
      'is an exit code with the last words of the container',
      pod({ ...NODE, status: dead(3, { message: 'tests failed\n' }) }),
      { ...user('ExitCode', /exit code 3: tests failed$/), exitCode: 3, ...RAN },
    ],
    ['is a command that is not in the image', pod({ ...NODE, status: dead(127) }), user('ExitCode', /not found/)],
    [
      'is an invalid entrypoint',
      pod({ ...NODE, status: dead(128, { reason: 'StartError', message: 'exec: "nope": not found in $PATH' }) }),
      user('ExitCode', /could not be started: exec: "nope"/),
    ],
    [
      'is running out of memory, with the remedy',
      pod({ ...NODE, status: dead(137, { reason: 'OOMKilled' }) }),
      { ...user('OOMKilled', /raise resources.limits.memory/), exitCode: 137 },
    ],
    ['is a SIGKILL without an external cause', pod({ ...NODE, status: dead(137) }), user('ExitCode', /SIGKILL/)],
    [
      'stays one when the finished pod is deleted before its result is read',
      pod({ ...NODE, ...deletedAt('2026-03-01T10:05:00Z', 0), status: dead(143) }),
      user('ExitCode', /143/),
    ],
    [
      'stays one when its node is drained after it has ended',
      pod({ ...NODE, status: dead(1, {}, target('DeletionByTaintManager', '2026-03-01T10:05:00Z')) }),
      user('ExitCode', /exit code 1/),
    ],
    [
      'is the deadline of a policy of the cluster',
      pod({
        ...NODE,
        status: { phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active on the node too long' },
      }),
      user('TimedOut', /activeDeadlineSeconds/),
    ],
  ]);
});

const infrastructure = (reason: string) => ({
  phase: 'Failed' as const,
  cause: 'Infrastructure' as const,
  reason: reason as never,
});

describe('a failure of the infrastructure', () => {
  const evicted = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' };
  const shutdown = {
    phase: 'Failed',
    reason: 'Terminated',
    message: 'Pod was terminated in response to imminent node shutdown.',
  };
  table([
    [
      'is an eviction under pressure',
      pod({ ...NODE, status: dead(137, {}, evicted) }),
      { ...infrastructure('Evicted'), message: evicted.message, exitCode: 137, ...RAN },
    ],
    ['is an eviction before the container ran', pod({ ...NODE, status: evicted }), infrastructure('Evicted')],
    [
      'is an eviction that the container answered with exit code 0',
      pod({ ...NODE, status: dead(0, {}, evicted) }),
      infrastructure('Evicted'),
    ],
    [
      'is an eviction by the API, whatever the exit code',
      pod({ ...NODE, ...deletedAt(STARTED), status: dead(1, {}, target('EvictionByEvictionAPI', STARTED)) }),
      { ...infrastructure('Evicted'), message: 'because of EvictionByEvictionAPI' },
    ],
    [
      'is a preemption',
      pod({ ...NODE, ...deletedAt(STARTED), status: dead(143, {}, target('PreemptionByScheduler', STARTED)) }),
      infrastructure('Preempted'),
    ],
    [
      'is a preemption by a critical pod on the node',
      pod({
        ...NODE,
        status: { phase: 'Failed', reason: 'Preempting', message: 'Preempted in order to admit critical pod' },
      }),
      infrastructure('Preempted'),
    ],
    [
      'is a shutdown of the node, which differs from an eviction only by the reason of the pod',
      pod({ ...NODE, status: dead(143, {}, { ...shutdown, ...target('TerminationByKubelet') }) }),
      infrastructure('NodeShutdown'),
    ],
    [
      'is a refusal of the pod by a node that shuts down',
      pod({ ...NODE, status: { phase: 'Failed', reason: 'NodeShutdown', message: 'Pod was rejected' } }),
      infrastructure('NodeShutdown'),
    ],
    [
      'is a taint of the node while the container ran',
      pod({ ...NODE, ...deletedAt(STARTED), status: dead(137, {}, target('DeletionByTaintManager', STARTED)) }),
      infrastructure('NodeLost'),
    ],
    [
      'is the removal of the node, with a container that still counts as running',
      pod({
        ...NODE,
        ...deletedAt(STARTED, 0),
        status: { phase: 'Failed', ...main({ running: { startedAt: STARTED } }), ...target('DeletionByPodGC') },
      }),
      infrastructure('NodeLost'),
    ],
    [
      'is a node that forgot the container',
      pod({
        ...NODE,
        status: dead(137, {
          reason: 'ContainerStatusUnknown',
          message: 'The container could not be located when the pod was terminated',
          startedAt: null,
          finishedAt: null,
        }),
      }),
      { ...infrastructure('NodeLost'), message: 'The container could not be located when the pod was terminated' },
    ],
    ...['OutOfcpu', 'OutOfmemory', 'OutOfephemeral-storage', 'OutOfnvidia.com/gpu', 'UnexpectedAdmissionError'].map(
      (reason): Row => [
        `is a node that refuses the pod with ${reason}`,
        pod({ ...NODE, status: { phase: 'Failed', reason, message: 'Pod was rejected' } }),
        { ...infrastructure('NodeAdmission'), message: 'Pod was rejected' },
      ],
    ),
    [
      'is a refusal of the pod by its node with any other reason',
      pod({ ...NODE, status: { phase: 'Failed', reason: 'SysctlForbidden', message: 'forbidden sysctl' } }),
      infrastructure('NodeAdmission'),
    ],
    [
      'is a deletion while the container ran',
      pod({ ...NODE, ...deletedAt(STARTED), status: dead(143) }),
      infrastructure('PodDeleted'),
    ],
    [
      'is a deletion that the container answered with its own exit code',
      pod({ ...NODE, ...deletedAt(STARTED), status: dead(1) }),
      infrastructure('PodDeleted'),
    ],
    [
      'is a deletion before the image was pulled',
      pod({
        ...NODE,
        ...deletedAt(STARTED),
        status: dead(137, { reason: 'ContainerStatusUnknown', startedAt: null, finishedAt: null }),
      }),
      infrastructure('PodDeleted'),
    ],
    [
      'is a deletion before the pod had a node',
      pod({ ...deletedAt(STARTED, 0), status: { phase: 'Pending' } }),
      infrastructure('PodDeleted'),
    ],
    ['is a failed pod without any reason', pod({ ...NODE, status: { phase: 'Failed' } }), infrastructure('NodeLost')],
  ]);
});

describe('a cached pod', () => {
  it('has no foreign annotations, no containers and no irrelevant status', () => {
    const whole = pod({ ...NODE, status: dead(0) });
    whole.metadata.annotations = { 'flow.ado.dev/task': 'build', 'cni.example/routes': 'x'.repeat(1000) };
    whole.status?.containerStatuses?.push({ name: 'proxy' });
    const cached = trimPod(whole);
    expect(cached.metadata.annotations).toEqual({ 'flow.ado.dev/task': 'build' });
    expect(cached.status?.containerStatuses).toHaveLength(1);
    expect(JSON.stringify(cached).length).toBeLessThan(500);
  });
});
