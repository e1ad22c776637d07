import { describe, expect, it } from 'vitest';
import type { Condition } from '../api/index.ts';
import { ApiError, type KubeClient, realClock, WaitingError } from '../runtime/index.ts';
import { reportStatus } from './report-status.ts';
import { WORKFLOWS } from './resources.ts';

const mismatch = new ApiError(422, { reason: 'Invalid', message: 'the server rejected our request', details: {} });
const rejection = new ApiError(422, {
  reason: 'Invalid',
  message: 'status.x: Invalid value',
  details: { kind: 'Workflow', causes: [{ field: 'status.x' }] },
});
const ready = { type: 'Ready', status: 'True', reason: 'Valid', message: '' } as const;
const kept: Condition = { ...ready, type: 'HistoryDamaged', lastTransitionTime: '2026-01-01T00:00:00Z' };

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value: unknown;
}

/** Reports a status to a server that answers the writes in turn; without an answer a write is taken. */
async function report(conditions: Condition[] | undefined, answers: (ApiError | undefined)[]) {
  const patches: (readonly Operation[])[] = [];
  const patch = async (_type: unknown, _ref: unknown, { operations }: { operations: readonly Operation[] }) => {
    patches.push(operations);
    const answer = answers.shift();
    if (answer) throw answer;
  };
  const metadata = { name: 'w', namespace: 'n', resourceVersion: '7', generation: 2 };
  const object = { metadata, ...(conditions ? { status: { conditions } } : {}) };
  const deps = { client: { patch } as unknown as KubeClient, clock: realClock };
  const { signal } = new AbortController();
  const thrown: unknown = await reportStatus(deps, WORKFLOWS, object, { wishes: [ready], news: {} }, signal).catch(
    (error: unknown) => error,
  );
  return { patches, thrown };
}

describe('a status that is reported', () => {
  it('is reported again from a fresh read when the object changed', async () => {
    const { patches, thrown } = await report(undefined, [mismatch]);
    expect(thrown).toBeInstanceOf(WaitingError);
    expect(patches).toHaveLength(1);
  });

  it('is shown as rejected when the API server rejects it, and the reconcile fails with the answer', async () => {
    const { patches, thrown } = await report([kept], [rejection]);
    expect(thrown).toBe(rejection);
    expect(patches[1]?.map(({ op, path }) => `${op} ${path}`)).toEqual([
      'test /metadata/resourceVersion',
      'add /status/conditions',
    ]);
    expect(patches[1]?.[1]?.value).toMatchObject([
      kept,
      { type: 'Ready', status: 'False', reason: 'StatusRejected', observedGeneration: 2 },
      { type: 'Stalled', status: 'True', message: expect.stringContaining('status.x: Invalid value') },
    ]);
  });

  it('is shown as rejected where there was no status at all', async () => {
    const { patches } = await report(undefined, [rejection]);
    expect(patches[1]?.[1]).toMatchObject({ op: 'add', path: '/status', value: { conditions: [{}, {}] } });
  });

  it('is shown as rejected once, however often it is rejected', async () => {
    const first = await report([kept], [rejection]);
    const shown = first.patches[1]?.[1]?.value as Condition[];
    const second = await report(shown, [rejection]);
    expect(second.patches).toHaveLength(1);
    expect(second.thrown).toBe(rejection);
  });

  it('fails with the first answer when what shows it is rejected too', async () => {
    const { patches, thrown } = await report([kept], [rejection, mismatch]);
    expect(thrown).toBe(rejection);
    expect(patches).toHaveLength(2);
  });
});
