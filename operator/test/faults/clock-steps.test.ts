import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/engine/index.ts';
import { Case, type Fault, type Scenario } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { DIAMOND_END, diamond } from '../support/diamond.ts';
import { ensureFaketime, WallClock } from '../support/faketime.ts';
import { problemsOfAll } from '../support/judge.ts';
import { FULL } from '../support/tier.ts';

const stage = useSimulatedStage('ado-faults');
const STEP_S = 300;
const WRITES = [1, 4, 7, 9, 11, 14];

beforeAll(ensureFaketime);

/** The diamond with timeouts that a step would use up at once, and a retry that a step back would put off. */
const timed: Scenario = (namespace) => {
  const { workflow } = diamond(namespace);
  const { spec } = workflow;
  return { workflow: { ...workflow, spec: { ...spec, timeout: '4m', defaults: { ...spec.defaults, timeout: '3m' } } } };
};

/** Sets the clock of the operator at one of its writes, and tells what came of it. */
async function stepAt(seconds: number, at: number): Promise<string[]> {
  const clock = new WallClock();
  const name = `${seconds} s at write ${at}`;
  const fault: Fault = {
    name,
    rules: ({ met }) => [
      async (request, forward) => {
        if (request.write === at) {
          clock.step(seconds);
          met(request);
        }
        return forward();
      },
    ],
  };
  try {
    return await Case.run(stage(), fault, async (opened) => {
      const settledAfter = await stage().slots.run(async () => {
        await opened.begin({ env: clock.env });
        const began = performance.now();
        await opened.give(timed);
        await opened.settled();
        return performance.now() - began;
      });
      const { problems, end, creates, met, explain } = await opened.outcome(settledAfter);
      const isSame = canonicalJson({ end, creates }) === canonicalJson(DIAMOND_END);
      const found = [...problems, ...(isSame ? [] : [`it ended otherwise: ${JSON.stringify({ end, creates })}`])];
      if (!met) found.push('the clock was not set');
      return found.map((problem) => `${name}: ${problem}\n${explain}`);
    });
  } finally {
    clock.remove();
  }
}

describe('a wall clock that is set while the operator runs', () => {
  it.concurrent.each([STEP_S, -STEP_S])(
    'by %i s lets no task time out and no retry wait longer',
    FULL,
    async (seconds) => {
      const problems = await problemsOfAll(WRITES.map((at) => stepAt(seconds, at)));
      expect(problems.join('\n')).toBe('');
    },
  );
});
