import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Fault, type Outcome, runCase, type Scenario } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { DIAMOND_END, diamond } from '../support/diamond.ts';
import type { Answer, ProxiedRequest, Rule } from '../support/fault-proxy.ts';
import { expectSameEnd } from '../support/judge.ts';
import { FULL } from '../support/tier.ts';
import { wide } from '../support/wide.ts';

const stage = useSimulatedStage('ado-faults');
/** How long the restarted operator lives in the past, ms. */
const PAST_MS = 2_000;

const isList = ({ method, path }: ProxiedRequest): boolean =>
  method === 'GET' && path.includes('limit=') && !path.includes('watch=true');
const isWatch = ({ path }: ProxiedRequest): boolean => path.includes('watch=true');

/** Lists as they are now, by their paths. */
async function listsNow(paths: Iterable<string>): Promise<Map<string, Answer>> {
  const { client } = stage();
  const read = async (path: string): Promise<[string, Answer]> => {
    const headers = { 'content-type': 'application/json' };
    return [path, { status: 200, headers, body: Buffer.from(await client.getRaw(path)) }];
  };
  return new Map(await Promise.all([...paths].map(read)));
}

/** Each list is served once. */
function take(past: Map<string, Answer> | undefined, path: string): Answer | undefined {
  const answer = past?.get(path);
  past?.delete(path);
  return answer;
}

/**
 * The operator is killed after write `until`; the next one is served the lists of before write `from`, and watches that
 * stay silent for a while and then tell, from there on, what really happened.
 */
function timeTravel(from: number, until: number): Fault {
  return {
    name: `back before write ${from} after write ${until}`,
    rules: ({ kill, met }) => {
      const paths = new Set<string>();
      let past: Promise<Map<string, Answer>> | undefined;
      let servedSince: number | undefined;
      const rule: Rule = async (request, forward) => {
        const { path, write } = request;
        if (isList(request)) paths.add(path);
        const stale = servedSince !== undefined && isList(request) ? take(await past, path) : undefined;
        if (stale) return stale;
        if (servedSince !== undefined && isWatch(request)) {
          await sleep(Math.max(0, servedSince + PAST_MS - performance.now()));
        }
        if (write === from) {
          past = listsNow(paths);
          await past;
        }
        const answer = await forward();
        if (write === until && past) {
          await past;
          servedSince = performance.now();
          met(request);
          kill();
        }
        return answer;
      };
      return [rule];
    },
  };
}

/** Back by one, two and three writes, from everywhere. */
const travels = (writes: number): Fault[] =>
  Array.from({ length: Math.max(0, writes - 3) }, (_, index) => timeTravel(index + 1, index + 2 + (index % 3)));

describe('a restarted operator that is served the past', () => {
  const references = new Map<Scenario, Outcome>();
  beforeAll(async () => {
    for (const scenario of [diamond, wide]) references.set(scenario, await runCase(stage(), scenario));
  });

  it.concurrent('creates no pod twice and ends the run as if nothing had been', async () => {
    const faults = travels(references.get(diamond)?.writes.length ?? 0);
    expect(faults.length).toBeGreaterThan(10);
    await expectSameEnd(stage(), diamond, DIAMOND_END, faults);
  });

  it.concurrent('loses no item of a fan-out, and deletes no pod but the one that it means', FULL, async () => {
    const reference = references.get(wide);
    if (!reference) throw new Error('there is no reference');
    const { writes } = reference;
    const moments = writes.filter(({ write = 0, method }) => method === 'DELETE' || write % 3 === 0);
    const deletes = moments.filter(({ method }) => method === 'DELETE').slice(0, 4);
    expect(deletes).toHaveLength(4);
    const others = moments.filter(({ method }) => method !== 'DELETE').slice(0, 10);
    const faults = [...deletes, ...others].map(({ write = 0 }, index) =>
      timeTravel(Math.max(1, write - 1 - (index % 4)), write),
    );
    await expectSameEnd(stage(), wide, reference, faults);
  });
});
