import { describe, expect, it } from 'vitest';
import { Case, type Fault } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { DIAMOND_END, diamond } from '../support/diamond.ts';
import { FaultProxy, type Rule } from '../support/fault-proxy.ts';
import { problemsOfAll } from '../support/judge.ts';
import { type Logged, lineOf, podCreates } from '../support/request-log.ts';
import { sampleOf } from '../support/tier.ts';

const stage = useSimulatedStage('ado-faults');
/** Writes of the leader at which it is stopped: before, between and after creating pods. */
const MOMENTS = [2, 4, 5, 7, 9, 11, 13, 15];

const isReported = ({ resource, status }: Logged): boolean => resource === 'workflowruns/status' && status === 200;

/** Stops the leader while write `moment` is under way, wakes it when the standby has taken over, and tells what is wrong. */
async function stopAndWake(moment: number): Promise<string[]> {
  const none: Fault = { name: `stopped at write ${moment}`, rules: () => [], flags: ['--lease-duration', '3s'] };
  return Case.run(stage(), none, async (standby) => {
    let stopped: (() => void) | undefined;
    const rule: Rule = async ({ write }, forward) => {
      if (write === moment) stopped?.();
      return forward();
    };
    const proxy = await FaultProxy.start(stage().kubeconfig, [rule]);
    await standby.makeNamespace();
    const leader = standby.startOperator({ identity: 'leader', kubeconfig: proxy.kubeconfig, comesBack: false });
    stopped = () => leader.signal('SIGSTOP');
    try {
      await stage().slots.run(async () => {
        await standby.until('the leader leads', () => leader.log.includes('workers started'));
        await standby.begin({ identity: 'standby' });
        await standby.until('the standby waits', () => standby.operator.log.includes('caches are complete'));
        await standby.give(diamond);
        // What was on its way when the leader was stopped is refused then: pods exist, status has gone on.
        await standby.until('the standby has reported', () => standby.proxy.writes.some(isReported));
      });
      const wokenAt = performance.now();
      leader.signal('SIGCONT');
      await standby.until('the woken leader ends', () => leader.exitCode !== undefined);
      await standby.settled();
      const outcome = await standby.outcome(0);
      const late = proxy.writes
        .filter(({ at, status = 0 }) => at > wokenAt && status < 400)
        .map((write) => `woken: ${lineOf(write)}`);
      const creates = podCreates([...proxy.log, ...standby.proxy.log]);
      expect({ end: outcome.end, creates, exitCode: leader.exitCode }).toEqual({ ...DIAMOND_END, exitCode: 1 });
      return [...outcome.problems, ...late];
    } finally {
      leader.signal('SIGCONT');
      await leader.end();
      await proxy.close();
    }
  });
}

describe('a leader that is stopped for longer than its lease', () => {
  it.concurrent('is replaced by the standby, and writes nothing and ends when it is woken', async () => {
    expect(await problemsOfAll(sampleOf(MOMENTS, 4).map(stopAndWake))).toEqual([]);
  });
});
