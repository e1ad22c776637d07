import { beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, runCase } from './case.ts';
import { DIAMOND_END, diamond } from './diamond.ts';
import { KINDS_OF_FAULT, type KindOfFault } from './faults.ts';
import { expectSameEnd } from './judge.ts';
import { record } from './record.ts';
import { useSimulatedStage } from './stage.ts';

const stage = useSimulatedStage();
let reference: Outcome;

beforeAll(async () => {
  reference = await runCase(stage(), diamond);
  record('diamond-with-retry', reference);
});

const toEveryWrite = (kind: KindOfFault) =>
  Array.from({ length: reference.writes.length }, (_, index) => ({
    kind,
    to: `write ${index + 1}`,
    matches: ({ write }: { write: number | undefined }) => write === index + 1,
  }));

describe('a diamond with a retry', () => {
  it('ends well without faults', () => {
    expect(reference.problems).toEqual([]);
    expect(reference.end).toEqual(DIAMOND_END.end);
    expect(reference.creates).toEqual(DIAMOND_END.creates);
    expect(reference.writes.length).toBeGreaterThan(15);
  });

  it.concurrent.each(KINDS_OF_FAULT)('ends the same when any one write meets: $name', async (kind) => {
    await expectSameEnd(stage(), diamond, DIAMOND_END, toEveryWrite(kind));
  });
});
