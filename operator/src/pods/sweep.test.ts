import { describe, expect, it } from 'vitest';
import type { Pod, PodStatus } from './pod.ts';
import { sweepResult } from './sweep.ts';

const pod = (status: PodStatus): Pod => ({ metadata: { name: 's' }, spec: { containers: [] }, status });
const sweep = (exitCode: number) => ({ name: 'sweep', state: { terminated: { exitCode } } });
const proxy = { name: 'proxy', state: { running: {} } };

describe('a sweep', () => {
  it('has ended with its container, although a proxy still runs', () => {
    expect(sweepResult(pod({ phase: 'Running', containerStatuses: [proxy, sweep(0)] }))).toBe('Succeeded');
    expect(sweepResult(pod({ phase: 'Running', containerStatuses: [proxy, sweep(1)] }))).toBe('Failed');
  });

  it('continues while its container runs, and fails with its pod', () => {
    expect(sweepResult(pod({ phase: 'Running', containerStatuses: [proxy] }))).toBeUndefined();
    expect(sweepResult(pod({ phase: 'Pending' }))).toBeUndefined();
    expect(sweepResult(pod({ phase: 'Failed' }))).toBe('Failed');
  });
});
