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

describe('an attempt with artifacts to store', () => {
  it('runs until they are stored', () => {
    const push = { running: { startedAt: AT(1) } };
    expect(observed({ phase: 'Running', main: DONE, push })).toEqual({ phase: 'Running', startedAt: ms(1) });
  });

  it('succeeds and ends when they are stored', () => {
    const push = terminated(0, 12);
    const expected = { phase: 'Succeeded', message: 'n=1', startedAt: ms(1), finishedAt: ms(12) };
    expect(observed({ phase: 'Running', main: DONE, push })).toEqual(expected);
    expect(observed({ phase: 'Succeeded', main: DONE, push })).toEqual(expected);
  });

  it('fails if they cannot be stored, whatever the phase', () => {
    const push = terminated(1, 12, 'there is nothing at /x');
    expect(observed({ phase: 'Succeeded', main: DONE, push })).toMatchObject({
      phase: 'Failed',
      cause: 'User',
      reason: 'ArtifactFailed',
      message: 'the artifacts could not be stored: there is nothing at /x',
    });
  });

  it('fails if storing takes too long', () => {
    expect(observed({ phase: 'Succeeded', main: DONE, push: terminated(137, 40) })).toMatchObject({
      reason: 'ArtifactFailed',
      message: expect.stringContaining('exit code 137 (killed by SIGKILL)'),
    });
  });

  it('does not succeed if they were stored before the task ended', () => {
    const push = terminated(0, 9);
    expect(observed({ phase: 'Running', main: DONE, push })).toMatchObject({ phase: 'Running' });
    expect(observed({ phase: 'Succeeded', main: DONE, push })).toMatchObject({ reason: 'ArtifactFailed' });
  });

  it('fails if the container that stores them was not running at the end', () => {
    const push = { waiting: { reason: 'CrashLoopBackOff' } };
    expect(observed({ phase: 'Running', main: DONE, push })).toMatchObject({ phase: 'Running' });
    expect(observed({ phase: 'Succeeded', main: DONE, push })).toMatchObject({
      reason: 'ArtifactFailed',
      message: expect.stringContaining('was not running'),
    });
  });

  it('fails at once with the task', () => {
    const push = { running: { startedAt: AT(1) } };
    const main = terminated(3, 10);
    expect(observed({ phase: 'Running', main, push })).toMatchObject({ reason: 'ExitCode', exitCode: 3 });
  });

  it('fails by the infrastructure if its node ended the container', () => {
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

describe('an attempt with artifacts to fetch', () => {
  const waiting = { waiting: { reason: 'PodInitializing' } };

  it('waits while they are fetched', () => {
    const fetch = { running: { startedAt: AT(1) } };
    expect(observed({ phase: 'Pending', main: waiting, fetch })).toEqual({ phase: 'Pending', since: ms(0) });
  });

  it('fails if they cannot be fetched', () => {
    const fetch = terminated(1, 2, 'task "make" published no artifact "word"');
    expect(observed({ phase: 'Failed', main: waiting, fetch })).toMatchObject({
      phase: 'Failed',
      cause: 'User',
      reason: 'ArtifactFailed',
      message: 'the artifacts could not be fetched: task "make" published no artifact "word"',
    });
  });

  it('reports that the image of the container that fetches them cannot be pulled', () => {
    const fetch = { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } };
    expect(observed({ phase: 'Pending', main: waiting, fetch })).toMatchObject({
      phase: 'Pending',
      reason: 'ImagePull',
      message: 'no such image',
    });
  });
});
