import { beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, runCase } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { DIAMOND_END, diamond } from '../support/diamond.ts';
import { expectSameEnd } from '../support/judge.ts';
import { faultTo, KINDS_OF_FAULT, type KindOfFault } from './faults.ts';
import { record } from './record.ts';

const stage = useSimulatedStage('ado-crash');
let reference: Outcome;

beforeAll(async () => {
  reference = await runCase(stage(), diamond);
  record('diamond-with-retry', reference);
});

const toEveryWrite = (kind: KindOfFault) =>
  reference.writes.map((_, index) => faultTo(kind, `write ${index + 1}`, ({ write }) => write === index + 1));

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
