/** @module-tag full */
/**
 * How long runs are left alone when the leader goes: the longest time between two pods that were created, by the API
 * server's own log, while a run is started ten times a second. The limits are those of an idle machine: a pause is
 * divided by the factor by which the new leader ran slower because other processes used the processors.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { OPERATOR_NAMESPACE } from '../support/installation.ts';
import { workflow } from '../support/manifests.ts';
import type { Scenario } from '../support/scenario.ts';
import { waitFor } from '../support/wait-for.ts';
import { scheduledOf, slowdown } from './contention.ts';
import { keepStarting, podCreates, simulated } from './load.ts';
import { install, leader, operatorPods, processOf, rolledOut, scenario, stage, useCluster } from './stage.ts';

useCluster();

const HANDOVER_MS = 2000;
const TAKEOVER_MS = 20_000;
const EVERY_MS = 100;

beforeAll(() => install());

interface Pause {
  /** The longest time in which no pod was created. */
  readonly ms: number;
  /** The same without the time that the new leader waited for a processor. */
  readonly idleMs: number;
  /** Both, for the log. */
  readonly text: string;
}

/** The longest pause while `goes` makes the leader go and another replica leads. */
async function longestPause(here: Scenario, goes: () => Promise<void>): Promise<Pause> {
  const retention = { succeeded: { count: 1000 } };
  await here.given(workflow('steady', { retention, tasks: [simulated('only', 0.1)] }));
  await here.workflowIs('steady', 'True');
  const mark = stage().audit.mark();
  const before = new Map((await operatorPods()).map(processOf).map((pid) => [pid, scheduledOf(pid)]));
  const names = await keepStarting(here, 'steady', EVERY_MS, goes());
  const next = processOf(await leader());
  const factor = slowdown(scheduledOf(next), before.get(next));
  const creates = podCreates(mark, here.namespace);
  expect(new Set(creates.map(({ name }) => name)).size).toBe(creates.length);
  expect(creates).toHaveLength(names.length);
  const pauses = creates.slice(1).map((create, index) => create.answered - (creates[index]?.answered ?? 0));
  const ms = Math.max(...pauses);
  const idleMs = ms / factor;
  return { ms, idleMs, text: `${ms.toFixed(0)} ms without an action, ${idleMs.toFixed(0)} ms on an idle machine` };
}

/** Waits until another pod than this leads, and has done so for a while. */
async function anotherLeads(than: string): Promise<void> {
  await waitFor('another replica leads', async () => (await leader()).metadata.name !== than);
  await sleep(1500);
}

describe('two replicas', () => {
  it('are both Ready, and a disruption may take one of them', async () => {
    const pods = await operatorPods();
    const ready = pods.filter(({ status }) => {
      return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
    });
    expect(ready).toHaveLength(2);
    const allowed = [
      'get',
      'pdb',
      'ado-operator',
      '-n',
      OPERATOR_NAMESPACE,
      '-o',
      'jsonpath={.status.disruptionsAllowed}',
    ];
    await waitFor('a disruption is allowed', async () => (await stage().kubectl.run(allowed)) === '1');
  });

  // What else the machine does can stop everything on it for a second; a slow handover is slow every time.
  it('hand over within 2 s when the leader is asked to end', { retry: 2 }, async () => {
    const here = await scenario();
    const first = await leader();
    const pause = await longestPause(here, async () => {
      await sleep(2000);
      process.kill(processOf(first), 'SIGTERM');
      await anotherLeads(first.metadata.name);
    });
    console.log(`handover after SIGTERM: ${pause.text}`);
    await here.end();
    await rolledOut();
    expect(pause.idleMs).toBeLessThan(HANDOVER_MS);
  });

  it('hand over within 2 s, each time, when a rollout replaces them', { retry: 2 }, async () => {
    const here = await scenario();
    const first = await leader();
    const pause = await longestPause(here, async () => {
      await stage().kubectl.run(['rollout', 'restart', '-n', OPERATOR_NAMESPACE, 'deploy/ado-operator']);
      await rolledOut();
      await anotherLeads(first.metadata.name);
    });
    console.log(`handover in a rollout: ${pause.text}`);
    await here.end();
    expect(pause.idleMs).toBeLessThan(HANDOVER_MS);
  });

  it('take over within 20 s when the leader dies and can hand nothing over', { retry: 1 }, async () => {
    const here = await scenario();
    const first = await leader();
    const pid = processOf(first);
    const pause = await longestPause(here, async () => {
      await sleep(1000);
      // As when its node is lost: it stands still at once, the kubelet does not start it again, and it never returns.
      process.kill(pid, 'SIGSTOP');
      const pod = ['pod', '-n', OPERATOR_NAMESPACE, first.metadata.name];
      await stage().kubectl.run(['delete', ...pod, '--force', '--grace-period=0', '--wait=false']);
      process.kill(pid, 'SIGKILL');
      await anotherLeads(first.metadata.name);
    });
    console.log(`takeover after a kill: ${pause.text}`);
    await here.end();
    await rolledOut();
    // Nearly all of it is the lease's own time.
    expect(pause.ms).toBeLessThan(TAKEOVER_MS);
  });
});
