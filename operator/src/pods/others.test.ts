import { describe, expect, it } from 'vitest';
import { outlivedBy, runningInit } from './others.ts';
import { observePod } from './outcome.ts';
import type { Container, ContainerState, Pod, PodStatus } from './pod.ts';
import { trimPod } from './trim.ts';

const AT = (second: number) => `2026-03-01T10:00:${String(second).padStart(2, '0')}Z`;
const ended = (exitCode: number, more: object = {}): ContainerState => ({
  terminated: { exitCode, reason: 'Error', startedAt: AT(1), finishedAt: AT(10), ...more },
});
const RUNS: ContainerState = { running: { startedAt: AT(1) } };
const waits = (reason: string, message = ''): ContainerState => ({ waiting: { reason, message } });
const NOT_YET = waits('PodInitializing');

interface Shape {
  readonly main?: ContainerState;
  readonly containers?: Readonly<Record<string, ContainerState>>;
  readonly inits?: Readonly<Record<string, ContainerState>>;
  /** Init containers that run beside the others. */
  readonly sidecars?: readonly string[];
  readonly status?: PodStatus;
  readonly metadata?: Partial<Pod['metadata']>;
  readonly spec?: Partial<Pod['spec']>;
}

const statuses = (states: Readonly<Record<string, ContainerState>>) =>
  Object.entries(states).map(([name, state]) => ({ name, state }));

function pod({ main = NOT_YET, containers = {}, inits = {}, sidecars = [], status, metadata, spec }: Shape): Pod {
  const initContainers = Object.keys(inits).map(
    (name): Container => ({ name, ...(sidecars.includes(name) ? { restartPolicy: 'Always' } : {}) }),
  );
  return trimPod({
    metadata: { name: 'p', namespace: 'shop', creationTimestamp: AT(0), ...metadata },
    spec: { containers: [], initContainers, nodeName: 'node-1', ...spec },
    status: {
      phase: 'Pending',
      ...status,
      containerStatuses: statuses({ ...containers, main }),
      initContainerStatuses: statuses(inits),
    },
  });
}

describe('an injected init container', () => {
  it('that failed is reported by name, with its last words and without an exit code of the task', () => {
    const failed = ended(1, { message: 'iptables: not permitted\n' });
    const seen = observePod(pod({ inits: { 'mesh-init': failed }, status: { phase: 'Failed' } }));
    expect(seen).toEqual({
      phase: 'Failed',
      cause: 'User',
      reason: 'InitContainerFailed',
      message:
        'the injected init container "mesh-init" ended with exit code 1, so the task could not start: ' +
        'iptables: not permitted',
    });
  });

  it('that ran out of memory is reported as such', () => {
    const inits = { agent: ended(137, { reason: 'OOMKilled' }) };
    expect(observePod(pod({ inits, status: { phase: 'Failed' } }))).toMatchObject({
      reason: 'InitContainerFailed',
      message: expect.stringContaining('used more memory than its limit'),
    });
  });

  it('that was ended with its pod counts as a failure of the infrastructure', () => {
    const evicted = { phase: 'Failed', reason: 'Evicted', message: 'low on memory' };
    expect(observePod(pod({ inits: { agent: ended(137) }, status: evicted }))).toMatchObject({
      cause: 'Infrastructure',
      reason: 'Evicted',
    });
  });

  it.each([
    ['ImagePullBackOff', 'ImagePull'],
    ['InvalidImageName', 'ImagePull'],
    ['CreateContainerConfigError', 'ContainerConfig'],
  ])('that waits with %s is reported by name', (word, reason) => {
    expect(observePod(pod({ inits: { 'mesh-init': waits(word, 'no such thing') } }))).toMatchObject({
      phase: 'Pending',
      reason,
      message: 'the injected init container "mesh-init": no such thing',
    });
  });

  it('that succeeded, or runs beside the task, has no effect on the outcome', () => {
    const inits = { first: ended(0), proxy: ended(143) };
    expect(observePod(pod({ inits, sidecars: ['proxy'], main: RUNS }))).toMatchObject({ phase: 'Running' });
    expect(
      observePod(pod({ inits, sidecars: ['proxy'], main: ended(0), status: { phase: 'Succeeded' } })),
    ).toMatchObject({ phase: 'Succeeded' });
    expect(observePod(pod({ inits, sidecars: ['proxy'] }))).toEqual({ phase: 'Pending', since: Date.parse(AT(0)) });
  });

  it('in CrashLoopBackOff keeps the task waiting', () => {
    const inits = { proxy: waits('CrashLoopBackOff', 'back-off 10s restarting failed container') };
    expect(observePod(pod({ inits, sidecars: ['proxy'] }))).toMatchObject({
      phase: 'Pending',
      reason: 'CrashLoopBackOff',
      message: expect.stringMatching(/"proxy".*back-off 10s/),
    });
  });

  it('that still runs is reported by name', () => {
    expect(runningInit(pod({ inits: { done: ended(0), agent: RUNS } }))).toBe('agent');
    expect(runningInit(pod({ inits: { proxy: RUNS, 'ado-fetch': RUNS }, sidecars: ['proxy'] }))).toBeUndefined();
  });
});

describe('an injected container', () => {
  it('neither delays nor changes the outcome of the task', () => {
    const status = { phase: 'Running' };
    for (const proxy of [RUNS, ended(1), waits('ImagePullBackOff'), waits('CrashLoopBackOff')]) {
      const containers = { proxy };
      expect(observePod(pod({ main: ended(0), containers, status }))).toMatchObject({ phase: 'Succeeded' });
      expect(observePod(pod({ main: ended(3), containers, status }))).toMatchObject({ phase: 'Failed', exitCode: 3 });
      expect(observePod(pod({ main: RUNS, containers, status }))).toMatchObject({ phase: 'Running' });
    }
  });

  it('that cannot start is reported by name while the task waits', () => {
    const containers = { proxy: waits('ErrImagePull', 'no such image') };
    expect(observePod(pod({ main: waits('ContainerCreating'), containers }))).toMatchObject({
      reason: 'ImagePull',
      message: 'the injected container "proxy": no such image',
    });
    const main = waits('ErrImagePull', 'mine');
    expect(observePod(pod({ main, containers }))).toMatchObject({ reason: 'ImagePull', message: 'mine' });
  });

  it('keeps a pod only after the task has ended, while it runs', () => {
    const status = { phase: 'Running' };
    expect(outlivedBy(pod({ main: ended(0), containers: { proxy: RUNS }, status }))).toEqual(['proxy']);
    expect(outlivedBy(pod({ main: ended(1), containers: { proxy: waits('ErrImagePull') }, status }))).toEqual([
      'proxy',
    ]);
    expect(outlivedBy(pod({ main: RUNS, containers: { proxy: RUNS }, status }))).toEqual([]);
    expect(outlivedBy(pod({ main: ended(0), containers: { proxy: ended(0) }, status }))).toEqual([]);
    expect(outlivedBy(pod({ main: ended(0), inits: { proxy: RUNS }, sidecars: ['proxy'], status }))).toEqual([]);
    expect(outlivedBy(pod({ main: ended(0), containers: { proxy: RUNS }, status: { phase: 'Failed' } }))).toEqual([]);
  });

  it('that Ado ended by a deadline does not change the outcome of the task', () => {
    const status = { phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active on the node too long' };
    const ours = { annotations: { 'flow.ado.dev/ended': 'proxy went on' } };
    expect(observePod(pod({ main: ended(0), status, metadata: ours }))).toMatchObject({ phase: 'Succeeded' });
    expect(observePod(pod({ main: ended(2), status, metadata: ours }))).toMatchObject({
      reason: 'ExitCode',
      exitCode: 2,
    });
    expect(observePod(pod({ main: ended(2), status }))).toMatchObject({ reason: 'TimedOut' });
  });
});

describe('the cached state of injected containers', () => {
  it('is bounded, and does not displace our containers', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`c${index}`, RUNS]));
    const { status } = pod({ main: ended(0), containers: many, inits: many, status: { phase: 'Running' } });
    expect(status?.containerStatuses).toHaveLength(17);
    expect(status?.initContainerStatuses).toHaveLength(16);
    expect(observePod(pod({ main: ended(0), containers: many, status: { phase: 'Running' } }))).toMatchObject({
      phase: 'Succeeded',
    });
  });

  it('contains no secrets: redacted, and withheld if the container reads Secrets or the task requests it', () => {
    const token = `ghp_${'q7Rz'.repeat(10)}`;
    const said = (more: Shape) =>
      JSON.stringify(pod({ inits: { agent: ended(1, { message: `with ${token} hush` }) }, ...more }));
    expect(said({})).toContain('with [redacted] hush');
    const env = [{ valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
    const reads: Shape = { spec: { initContainers: [{ name: 'agent', env }] } };
    expect(said(reads)).not.toContain('hush');
    expect(said(reads)).toContain('withheld because the container reads secrets');
    const show = { annotations: { 'flow.ado.dev/failure-message': 'Show' } };
    expect(said({ ...reads, metadata: show })).toContain('with [redacted] hush');
    const hide = { annotations: { 'flow.ado.dev/failure-message': 'Withhold' } };
    expect(said({ metadata: hide })).not.toContain('hush');
  });
});
