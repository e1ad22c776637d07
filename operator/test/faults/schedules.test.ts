import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { API_VERSION, epochOf, type Schedule, timeOf, type Workflow } from '../../src/api/index.ts';
import { WORKFLOWS } from '../../src/controllers/index.ts';
import { newestSlots, ruleOf, slotsOf } from '../../src/schedules/index.ts';
import { Case, type Fault } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { ensureFaketime, WallClock } from '../support/faketime.ts';
import { FaultProxy, type Rule } from '../support/fault-proxy.ts';
import { killAfter, killBefore, onWrite } from '../support/faults.ts';
import { problemsOfAll } from '../support/judge.ts';
import type { Logged } from '../support/request-log.ts';
import { FULL } from '../support/tier.ts';

const stage = useSimulatedStage('ado-faults');
beforeAll(ensureFaketime);

const CRON = '*/2 * * * * *';
/** Every missed slot is made up for, and a run that is over is deleted at once: its name stops nobody any more. */
const EVERY: Partial<Schedule> = { catchUp: 'All', maxCatchUp: 1000, overlap: 'Allow' };
/** How long a schedule has slots, ms. */
const LASTS_MS = 8_000;

const ticking = (namespace: string, endAt: number): Workflow => ({
  apiVersion: API_VERSION,
  kind: 'Workflow',
  metadata: { name: 'tick', namespace },
  spec: {
    triggers: { schedules: [{ name: 'often', cron: CRON, ...EVERY, endAt: timeOf(endAt) }] },
    retention: { succeeded: { count: 0 }, failed: { count: 0 } },
    tasks: [{ name: 'nothing', compute: { done: 'true' } }],
  },
});

const nothing = (name: string): Fault => ({ name, rules: () => [] });

async function readTick({ namespace }: Case): Promise<Workflow> {
  return stage().client.get<Workflow>(WORKFLOWS, { name: 'tick', namespace });
}

/** Gives a schedule that ends soon, and waits until there is nothing left of it. */
async function untilEnded(opened: Case, doing: () => Promise<void> = async () => undefined): Promise<void> {
  const endAt = Math.floor((Date.now() + LASTS_MS) / 2000) * 2000;
  await stage().client.create(WORKFLOWS, ticking(opened.namespace, endAt));
  await doing();
  await opened.until(
    'every slot is decided',
    async () => (await readTick(opened)).status?.schedules?.[0]?.lastSlot === timeOf(endAt),
    { timeoutMs: 90_000 },
  );
}

/** The slots of the runs that the server made, by their names. */
const madeIn = (log: readonly Logged[]): string[] =>
  log.flatMap(({ method, resource, status, name = '' }) => {
    const [, digits] = /-(\d{14})$/.exec(name) ?? [];
    return method === 'POST' && resource === 'workflowruns' && status === 201 && digits ? [digits] : [];
  });

/** What is wrong with the runs that were made: each slot since the Workflow was created has one. */
async function problems(opened: Case, name: string, log: readonly Logged[] = opened.proxy.log): Promise<string[]> {
  const { metadata, status } = await readTick(opened);
  const until = epochOf(status?.schedules?.[0]?.lastSlot) ?? 0;
  const slots = slotsOf(ruleOf({ name: 'often', cron: CRON }));
  const expected = newestSlots(slots, epochOf(metadata.creationTimestamp) ?? 0, until, 2000).slots;
  const names = expected.map((slot) => timeOf(slot).replace(/\D/g, ''));
  const made = madeIn(log).sort();
  if (made.join() === names.join() && names.length >= 3) return [];
  return [`${name}: made ${made.join()}, expected ${names.join()}\n${opened.explain()}`];
}

function killed(at: number, when: 'before' | 'after'): Promise<string[]> {
  const name = `killed ${when} write ${at}`;
  let happened = false;
  const fault: Fault = {
    name,
    rules: ({ kill }) => {
      const die = () => {
        happened = true;
        kill();
      };
      return [onWrite(at, when === 'before' ? killBefore(die) : killAfter(die))];
    },
  };
  return Case.run(stage(), fault, (opened) =>
    stage().slots.run(async () => {
      await opened.begin();
      await untilEnded(opened);
      return [...(await problems(opened, name)), ...(happened ? [] : [`${name}: it was not killed`])];
    }),
  );
}

describe('a schedule, whose runs are deleted as soon as they are over', () => {
  it.concurrent('has one run a slot when its operator is killed at any write', FULL, async () => {
    const moments = [3, 4, 5, 6];
    const cases = moments.flatMap((at) => [killed(at, 'before'), killed(at, 'after')]);
    expect((await problemsOfAll(cases)).join('\n')).toBe('');
  });

  it.concurrent('has one run a slot when the API server is away at slots', FULL, async () => {
    let isAway = false;
    const away: Rule = async (_request, forward) => {
      if (isAway) throw new Error('the server is away');
      return forward();
    };
    const fault: Fault = { name: 'away', rules: () => [away], flags: ['--lease-duration', '30s'] };
    const found = await Case.run(stage(), fault, async (opened) => {
      await opened.begin();
      await untilEnded(opened, async () => {
        await opened.until('it has begun', () => madeIn(opened.proxy.log).length > 0);
        isAway = true;
        opened.proxy.cut();
        await sleep(5_000);
        isAway = false;
      });
      return problems(opened, 'away');
    });
    expect(found).toEqual([]);
  });

  it.concurrent.each([300, -300])(
    'has one run a slot when the clock is set by %i s and the operator restarts',
    FULL,
    async (seconds) => {
      const clock = new WallClock();
      try {
        const found = await Case.run(stage(), nothing(`${seconds} s`), async (opened) => {
          await opened.begin({ env: clock.env });
          await untilEnded(opened, async () => {
            await opened.until('it has begun', () => madeIn(opened.proxy.log).length > 0);
            clock.step(seconds);
            await sleep(3_000);
            opened.operator.kill();
            await sleep(6_000);
            clock.step(0);
            opened.operator.kill();
          });
          return problems(opened, `${seconds} s`);
        });
        expect(found).toEqual([]);
      } finally {
        clock.remove();
      }
    },
  );

  it.concurrent('has one run a slot when its leader is stopped, replaced, and woken', FULL, async () => {
    const found = await Case.run(stage(), nothing('two leaders'), async (standby) => {
      let stopped: (() => void) | undefined;
      const stopping: Rule = async ({ resource, method }, forward) => {
        // The run is on its way when its maker stops: the next leader finds it.
        if (method === 'POST' && resource === 'workflowruns') stopped?.();
        return forward();
      };
      const proxy = await FaultProxy.start(stage().kubeconfig, [stopping]);
      await standby.makeNamespace();
      const leader = standby.startOperator({ identity: 'leader', kubeconfig: proxy.kubeconfig, comesBack: false });
      stopped = () => leader.signal('SIGSTOP');
      try {
        await standby.until('the leader leads', () => leader.log.includes('workers started'));
        await standby.begin({ identity: 'standby' });
        await standby.until('the standby waits', () => standby.operator.log.includes('caches are complete'));
        await untilEnded(standby, async () => {
          await standby.until('the standby makes runs', () => madeIn(standby.proxy.log).length > 0);
          leader.signal('SIGCONT');
          await standby.until('the woken leader ends', () => leader.exitCode !== undefined);
        });
        return problems(standby, 'two leaders', [...proxy.log, ...standby.proxy.log]);
      } finally {
        leader.signal('SIGCONT');
        await leader.end();
        await proxy.close();
      }
    });
    expect(found).toEqual([]);
  });
});
