import { describe, expect, it } from 'vitest';
import { observePod } from './outcome.ts';
import type { Pod, PodStatus, Terminated } from './pod.ts';
import { trimPod } from './trim.ts';

const AT = '2026-03-01T10:00:10Z';
const RAN = { startedAt: '2026-03-01T10:00:00Z', finishedAt: AT };

function observed(message: string, terminated?: Terminated, more: PodStatus = {}) {
  const main = { name: 'main', ...(terminated ? { state: { terminated } } : {}) };
  const status = { phase: 'Failed', reason: 'Evicted', message, containerStatuses: [main], ...more };
  const pod: Pod = { metadata: { name: 'p' }, spec: { containers: [], nodeName: 'node-1' }, status };
  return observePod(trimPod(pod));
}

/** Messages of the kubelet, and the remedies. */
const OVER = [
  [
    'Usage of EmptyDir volume "scratch" exceeds the limit "10Mi". ',
    /"10Mi"; raise emptyDir\.sizeLimit of the volume scratch$/,
  ],
  [
    'Container main exceeded its local ephemeral storage limit "1Gi". ',
    /"1Gi"; raise resources\.limits\.ephemeral-storage of the container main$/,
  ],
  [
    'Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ',
    /1Gi; raise resources\.limits\.ephemeral-storage, which counts/,
  ],
] as const;

describe.each(OVER)('a pod with the message: %s', (said, remedy) => {
  const expected = {
    phase: 'Failed',
    cause: 'User',
    reason: 'StorageExceeded',
    message: expect.stringMatching(remedy),
  };

  it('is a failure of the task, with the limit to raise, whatever the exit code', () => {
    expect(observed(said, { exitCode: 137, reason: 'Error', ...RAN })).toMatchObject({ ...expected, exitCode: 137 });
    expect(observed(said, { exitCode: 0, reason: 'Completed', ...RAN })).toMatchObject({ ...expected, exitCode: 0 });
    expect(observed(said)).toMatchObject(expected);
  });

  it('is a failure of the task also if storing its artifacts was interrupted', () => {
    const push = { name: 'ado-push', state: { terminated: { exitCode: 137, ...RAN } } };
    const more = { initContainerStatuses: [push] };
    expect(observed(said, { exitCode: 0, ...RAN }, more)).toMatchObject(expected);
  });
});

describe('a pod that the node evicts under pressure', () => {
  it.each([
    'The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 1Mi. Container main was using 2Gi, request is 0, has larger consumption of ephemeral-storage. ',
    'The node was low on resource: memory. ',
    'The node had condition: [DiskPressure]. ',
  ])('is not a failure of the task: %s', (said) => {
    expect(observed(said, { exitCode: 137, ...RAN })).toMatchObject({ cause: 'Infrastructure', reason: 'Evicted' });
  });
});

describe('an exit code', () => {
  const LOST = { exitCode: 137, reason: 'ContainerStatusUnknown', startedAt: null, finishedAt: null };

  it('is not shown for a container that never ran', () => {
    expect(observed('The node was low on resource: memory. ', LOST)).not.toHaveProperty('exitCode');
    expect(observed('', { exitCode: 128, reason: 'StartError' }, { reason: '' })).not.toHaveProperty('exitCode');
    expect(observed('', { exitCode: 127, reason: 'ContainerCannotRun' }, { reason: '' })).not.toHaveProperty(
      'exitCode',
    );
  });

  it('is shown for a killed container', () => {
    expect(observed('The node was low on resource: memory. ', { exitCode: 137, ...RAN })).toHaveProperty(
      'exitCode',
      137,
    );
  });
});

describe('a container in which a process ran out of memory', () => {
  const oom = (exitCode: number): Terminated => ({ exitCode, reason: 'OOMKilled', ...RAN });
  const raise = expect.stringMatching(/raise resources\.limits\.memory/);

  it('fails with the remedy, whatever its exit code', () => {
    for (const exitCode of [1, 137])
      expect(observed('', oom(exitCode), { reason: '' })).toMatchObject({
        reason: 'OOMKilled',
        message: raise,
        exitCode,
      });
  });

  it('leaves a hint when it succeeds', () => {
    expect(observed('', oom(0), { phase: 'Succeeded', reason: '' })).toMatchObject({
      phase: 'Succeeded',
      hint: 'OOMKilled',
    });
  });

  it('has the remedy in its message if it ends with 0 and fails for another reason', () => {
    const push = { name: 'ado-push', state: { terminated: { exitCode: 1, message: 'nothing at /x', ...RAN } } };
    const more = { phase: 'Failed', reason: '', initContainerStatuses: [push] };
    expect(observed('', oom(0), more)).toMatchObject({ reason: 'ArtifactFailed', message: raise });
  });
});
