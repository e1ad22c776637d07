import { describe, it } from 'vitest';
import type { Fault, Outcome } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { DIAMOND_END, diamond } from '../support/diamond.ts';
import type { ProxiedRequest, Rule } from '../support/fault-proxy.ts';
import { afterwards, answerWith, internalError, noting, throttled, unavailable, when } from '../support/faults.ts';
import { expectSameEnd } from '../support/judge.ts';
import { randomOf, SEED } from '../support/random.ts';
import { endpointOf, lineOf } from '../support/request-log.ts';

const stage = useSimulatedStage('ado-faults');
const RETRY_AFTER_S = 2;
/** Long enough that every kind of request meets it, ms. */
const STORM_MS = 5_000;

/** Requests to an endpoint that came before the time was over for which it had asked to be left alone. */
function tooEarly({ log }: Outcome): string[] {
  return log.flatMap((refused, index) => {
    if (refused.answered !== 429) return [];
    const early = log.slice(index + 1).filter((later) => {
      const wasOut = later.at - refused.at < 50; // it may have left before the answer came
      return endpointOf(later) === endpointOf(refused) && !wasOut && later.at - refused.at < RETRY_AFTER_S * 1000;
    });
    return early.map((later) => `${Math.round(later.at - refused.at)} ms after its refusal: ${lineOf(later)}`);
  });
}

describe('a server that asks for patience (429 with Retry-After)', () => {
  const throttling = (what: string, fits: (request: ProxiedRequest) => boolean, times: readonly number[]): Fault => ({
    name: `429 for ${what}`,
    rules: ({ met }) => {
      let asked = 0;
      const isRefused = (request: ProxiedRequest) => fits(request) && times.includes(++asked);
      return [when(isRefused, noting(answerWith(throttled(RETRY_AFTER_S)), met))];
    },
    alsoJudge: tooEarly,
  });
  const isWatch = ({ path }: ProxiedRequest) => path.includes('watch=true');

  it.concurrent('is left alone for as long as it asked, and everything is done all the same', async () => {
    await expectSameEnd(stage(), diamond, DIAMOND_END, [
      throttling('pods to create', ({ method, resource }) => method === 'POST' && resource === 'pods', [1, 3, 4, 6]),
      throttling('status', ({ resource }) => resource === 'workflowruns/status', [1, 2, 4]),
      throttling('finalizers', ({ method, resource }) => method === 'PATCH' && resource === 'pods', [1, 2]),
      throttling('lists', (request) => request.method === 'GET' && !isWatch(request), [1, 3, 5, 7, 9]),
      throttling('watches', isWatch, [1, 2, 3, 4, 6]),
    ]);
  });
});

describe('a server that is not well', () => {
  /** While it lasts most answers are errors, and some of them to what was done all the same. Leases are exempt. */
  const storm = (seed: number): Fault => ({
    name: `a storm of 500 and 503 (ADO_SEED=${SEED}, ${seed})`,
    rules: ({ met }) => {
      const random = randomOf(SEED + seed);
      let since: number | undefined;
      const rule: Rule = (request, forward) => {
        if (since === undefined && request.attempt === 'a#0') since = performance.now();
        const rages = since !== undefined && performance.now() - since < STORM_MS;
        if (!rages || request.resource === 'leases' || random() > 0.6) return forward();
        met(request);
        const answer = random() < 0.5 ? internalError : unavailable;
        const happens = random() < 0.5 ? afterwards(answer) : answerWith(answer);
        return happens(request, forward);
      };
      return [rule];
    },
  });

  it.concurrent('is asked again until it is well, and nothing is done twice', async () => {
    await expectSameEnd(stage(), diamond, DIAMOND_END, [1, 2, 3, 4, 5, 6].map(storm));
  });
});
