import { beforeAll, describe, expect, it } from 'vitest';
import { API_VERSION, type WorkflowSpec } from '../../src/api/index.ts';
import { type Fault, type Outcome, runCase, type Scenario } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { expectSameEnd } from '../support/judge.ts';
import { faultTo, KINDS_OF_FAULT, type KindOfFault } from './faults.ts';

const stage = useSimulatedStage('ado-crash');
let reference: Outcome;

/** Two items that exclude each other, each of them long enough for the clock of the node to tell. */
const spec: WorkflowSpec = {
  triggers: { onChange: { of: ['Tasks'] } },
  defaults: { image: 'busybox:1.36', terminationGracePeriodSeconds: 1 },
  tasks: [
    {
      name: 'alone',
      forEach: { items: ['x', 'y'] },
      env: { SIMULATE_SECONDS: '1.5' },
      run: 'sleep 1.5',
      semaphores: [{ name: 'db' }],
    },
  ],
};
const locks: Scenario = (namespace) => ({
  workflow: { apiVersion: API_VERSION, kind: 'Workflow', metadata: { name: 'locks', namespace }, spec },
  semaphore: { apiVersion: API_VERSION, kind: 'Semaphore', metadata: { name: 'db', namespace }, spec: { permits: 1 } },
});

/** A pod that was created before the one before it had ended ran beside it. */
function sideBySide({ objects }: Outcome): string[] {
  const spans = objects.pods.map(({ metadata, status }) => ({
    name: metadata.name,
    from: Date.parse(metadata.creationTimestamp ?? ''),
    to: Date.parse(status?.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? ''),
  }));
  return spans.flatMap((a) =>
    spans
      .filter((b) => a.name !== b.name && a.from <= b.from && b.from < a.to)
      .map((b) => `${a.name} ran beside ${b.name}`),
  );
}

const isLock = ({ write, resource }: { readonly write?: number | undefined; readonly resource: string }) =>
  write !== undefined && resource === 'semaphores/status';

/** A fault to each write of the lock in turn. */
const toEveryLock = (kind: KindOfFault): Fault[] =>
  reference.writes.filter(isLock).map((_, index) => {
    let seen = 0;
    const fault = faultTo(kind, `write ${index + 1} of the lock`, (request) => isLock(request) && seen++ === index);
    return { ...fault, alsoJudge: sideBySide };
  });

beforeAll(async () => {
  reference = await runCase(stage(), locks);
});

describe('two tasks that exclude each other', () => {
  it('run one after the other, each once, and leave nothing held', () => {
    expect([...reference.problems, ...sideBySide(reference)]).toEqual([]);
    expect(reference.end).toMatchObject({ runs: 1, phase: 'Succeeded', pods: ['alone[0]#0', 'alone[1]#0'] });
    expect(reference.creates).toEqual({ 'alone[0]#0': 1, 'alone[1]#0': 1 });
    expect(reference.writes.filter(isLock).length).toBeGreaterThanOrEqual(3);
    expect(reference.objects.semaphores.map(({ status }) => status?.holders)).toEqual([[]]);
  });

  it.concurrent.each(KINDS_OF_FAULT)('do so when any one write of the lock meets: $name', async (kind) => {
    await expectSameEnd(stage(), locks, reference, toEveryLock(kind));
  });
});
