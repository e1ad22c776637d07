import { describe, expect, it } from 'vitest';
import { observePod } from './outcome.ts';
import type { ContainerState, Pod, PodStatus } from './pod.ts';
import { trimPod } from './trim.ts';

const AT = (second: number) => `2026-03-01T10:00:${String(second).padStart(2, '0')}Z`;
const ms = (second: number) => Date.parse(AT(second));
const terminated = (exitCode: number, second: number, message = ''): ContainerState => ({
  terminated: { exitCode, startedAt: AT(1), finishedAt: AT(second), message },
});

interface Shape extends PodStatus {
  main?: ContainerState;
  push?: ContainerState;
  fetch?: ContainerState;
}

function observed({ main, push, fetch, ...status }: Shape, metadata: Partial<Pod['metadata']> = {}, now?: number) {
  const beside = [
    ...(fetch ? [{ name: 'ado-fetch', state: fetch }] : []),
    ...(push ? [{ name: 'ado-push', state: push }] : []),
    { name: 'istio-init', state: terminated(0, 1) },
  ];
  const pod: Pod = {
    metadata: { name: 'p', namespace: 'shop', creationTimestamp: AT(0), ...metadata },
    spec: { containers: [], nodeName: 'node-1' },
    status: {
      ...status,
      containerStatuses: [{ name: 'main', ...(main ? { state: main } : {}) }],
      initContainerStatuses: beside,
    },
  };
  return observePod(trimPod(pod), now);
}

const DONE = terminated(0, 10, 'n=1');

describe('an attempt whose outputs are stored', () => {
  it('runs until they are', () => {
    const push = { running: { startedAt: AT(1) } };
    expect(observed({ phase: 'Running', main: DONE, push })).toEqual({ phase: 'Running', startedAt: ms(1) });
  });

  it('has succeeded when they are, and ended then', () => {
    const push = terminated(0, 12);
    const expected = { phase: 'Succeeded', message: 'n=1', startedAt: ms(1), finishedAt: ms(12) };
    expect(observed({ phase: 'Running', main: DONE, push })).toEqual(expected);
    expect(observed({ phase: 'Succeeded', main: DONE, push })).toEqual(expected);
  });

  it('has failed when they cannot be, whatever the phase says', () => {
    const push = terminated(1, 12, 'there is nothing at /x');
    expect(observed({ phase: 'Succeeded', main: DONE, push })).toMatchObject({
      phase: 'Failed',
      cause: 'User',
      reason: 'ArtifactFailed',
      message: 'the artifacts could not be stored: there is nothing at /x',
    });
  });

  it('has failed when its time was not enough', () => {
    expect(observed({ phase: 'Succeeded', main: DONE, push: terminated(137, 40) })).toMatchObject({
      reason: 'ArtifactFailed',
      message: expect.stringContaining('exit code 137 (killed by SIGKILL)'),
    });
  });

  it('has not succeeded by what was stored before the task had ended', () => {
    const push = terminated(0, 9);
    expect(observed({ phase: 'Running', main: DONE, push })).toMatchObject({ phase: 'Running' });
    expect(observed({ phase: 'Succeeded', main: DONE, push })).toMatchObject({ reason: 'ArtifactFailed' });
  });

  it('has failed when what stores them was not there at the end', () => {
    const push = { waiting: { reason: 'CrashLoopBackOff' } };
    expect(observed({ phase: 'Running', main: DONE, push })).toMatchObject({ phase: 'Running' });
    expect(observed({ phase: 'Succeeded', main: DONE, push })).toMatchObject({
      reason: 'ArtifactFailed',
      message: expect.stringContaining('was not running'),
    });
  });

  it('has failed at once when the task has', () => {
    const push = { running: { startedAt: AT(1) } };
    const main = terminated(3, 10);
    expect(observed({ phase: 'Running', main, push })).toMatchObject({ reason: 'ExitCode', exitCode: 3 });
  });

  it('is the fault of the infrastructure when its node ended it', () => {
    const push = terminated(137, 12);
    const conditions = [
      { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', lastTransitionTime: AT(11) },
    ];
    expect(observed({ phase: 'Failed', main: DONE, push, conditions })).toMatchObject({
      cause: 'Infrastructure',
      reason: 'Evicted',
    });
    const deleted = { deletionTimestamp: AT(41), deletionGracePeriodSeconds: 30 };
    expect(observed({ phase: 'Succeeded', main: DONE, push }, deleted)).toMatchObject({ reason: 'PodDeleted' });
    const running = { running: { startedAt: AT(1) } };
    expect(observed({ phase: 'Running', main: DONE, push: running }, deleted, ms(41) + 61_000)).toMatchObject({
      reason: 'NodeLost',
    });
  });
});

describe('an attempt that takes artifacts over', () => {
  const waiting = { waiting: { reason: 'PodInitializing' } };

  it('waits while they are fetched', () => {
    const fetch = { running: { startedAt: AT(1) } };
    expect(observed({ phase: 'Pending', main: waiting, fetch })).toEqual({ phase: 'Pending', since: ms(0) });
  });

  it('has failed when they cannot be', () => {
    const fetch = terminated(1, 2, 'task "make" published no artifact "word"');
    expect(observed({ phase: 'Failed', main: waiting, fetch })).toMatchObject({
      phase: 'Failed',
      cause: 'User',
      reason: 'ArtifactFailed',
      message: 'the artifacts could not be fetched: task "make" published no artifact "word"',
    });
  });

  it('says when the image of what fetches them cannot be pulled', () => {
    const fetch = { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } };
    expect(observed({ phase: 'Pending', main: waiting, fetch })).toMatchObject({
      phase: 'Pending',
      reason: 'ImagePull',
      message: 'no such image',
    });
  });
});
