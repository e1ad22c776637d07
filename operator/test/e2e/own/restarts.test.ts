/** What goes on as if nothing had been while the operator is restarted or killed, sort by sort. */
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import { run } from '../../../cluster/command.ts';
import { API_VERSION, type Semaphore, type WorkflowRun } from '../../../src/api/index.ts';
import { SEMAPHORES } from '../../../src/controllers/index.ts';
import { CONFIG_MAPS, NAMESPACES } from '../../../src/runtime/index.ts';
import { ACCOUNT, account } from '../../support/account.ts';
import { ROOT } from '../../support/control-plane.ts';
import { it, killOperator, restartOperator, stage, useOperator } from '../../support/e2e.ts';
import { type Manifest, script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useOperator();

const defaults = { terminationGracePeriodSeconds: 1 };
const isActive = ({ status }: WorkflowRun) => status?.startedAt !== undefined && status.finishedAt === undefined;

async function hasSucceeded(scenario: Scenario, name: string): Promise<WorkflowRun> {
  const ended = await scenario.ended(name);
  expect(conditionOf(ended, 'Succeeded').status).toBe('True');
  return ended;
}

/** Pods of tasks with this path. */
const podsOf = async (scenario: Scenario, path: string) => (await scenario.podPaths()).filter((each) => each === path);

describe('when the operator is restarted', () => {
  it('a cached result is handed on that was being computed', FULL, async ({ scenario }) => {
    const make = 'sleep 4; echo "value=$(cat /proc/sys/kernel/random/uuid)" > $ADO_OUTPUTS';
    const outputs = [{ name: 'value', type: 'String' as const }];
    const compute = script('compute', make, { cache: { key: 'compute' }, outputs });
    await scenario.given(workflow('compute', { defaults, tasks: [compute] }), workflowRun('first', 'compute'));
    await scenario.podRuns('compute');
    await restartOperator();
    const { value } = outputsOf(await hasSucceeded(scenario, 'first'), 'compute') ?? {};
    await scenario.given(workflowRun('again', 'compute'));
    await hasSucceeded(scenario, 'again');
    const again = await scenario.run('again');
    expect(JSON.stringify(again.status)).toContain(String(value));
    expect(await podsOf(scenario, 'compute')).toHaveLength(1);
  });

  it('the limit of a workflow is not exceeded, whatever was asked for meanwhile', async ({ scenario }) => {
    await scenario.given(workflow('w', { concurrency: { limit: 2 }, defaults, tasks: [script('work', 'sleep 3')] }));
    await scenario.workflowIs('w', 'True');
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await scenario.given(...names.slice(0, 3).map((name) => workflowRun(name, 'w')));
    await scenario.until('two are under way', async () => (await scenario.runs()).filter(isActive).length === 2);
    await restartOperator(async () => {
      await scenario.given(...names.slice(3).map((name) => workflowRun(name, 'w')));
    });
    let most = 0;
    await scenario.until('all have ended', async () => {
      const runs = await scenario.runs();
      most = Math.max(most, runs.filter(isActive).length);
      return runs.every(({ status }) => status?.finishedAt !== undefined);
    });
    expect(most).toBe(2);
  });

  it('a semaphore is still held by its holder, and given to the next run when that one ends', async ({ scenario }) => {
    const db: Manifest = { apiVersion: API_VERSION, kind: 'Semaphore', metadata: { name: 'db' }, spec: { permits: 1 } };
    const ref = { name: 'db', namespace: scenario.namespace };
    const holders = async () => {
      const { status } = await scenario.client.get<Semaphore>(SEMAPHORES, ref);
      return status?.holders?.map((holder) => holder.run) ?? [];
    };
    const hold = script('hold', 'sleep 6', { semaphores: [{ name: 'db', permits: 1 }] });
    await scenario.given(db, workflow('hold', { defaults, tasks: [hold] }));
    await scenario.workflowIs('hold', 'True');
    await scenario.given(workflowRun('first', 'hold'));
    await scenario.until('the first holds it', async () => String(await holders()) === 'first');
    await scenario.given(workflowRun('second', 'hold'));
    await scenario.taskIs('second', 'hold', 'waits', ({ reason }) => reason === 'Semaphore');
    await restartOperator();
    expect(await holders()).toEqual(['first']);
    const [first, second] = [await hasSucceeded(scenario, 'first'), await hasSucceeded(scenario, 'second')];
    const ended = (await scenario.pods()).map(({ status }) => status?.containerStatuses?.[0]?.state?.terminated);
    const [earlier, later] = ended.sort((a, b) => String(a?.startedAt).localeCompare(String(b?.startedAt)));
    expect([first, second].map(({ metadata }) => metadata.name)).toEqual(['first', 'second']);
    expect(Date.parse(later?.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(earlier?.finishedAt ?? ''));
    await scenario.until('nobody holds it', async () => (await holders()).length === 0);
  });

  it(
    'an applied object goes with its run, also if its task had ended meanwhile; and a wait goes on',
    FULL,
    async ({ scenario }) => {
      const { namespace } = scenario;
      const made = () => scenario.client.get(CONFIG_MAPS, { name: 'made', namespace }).catch(() => undefined);
      const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made' }, data: { a: '1' } };
      const successWhen = 'object.data.a == "2"';
      const resource = { manifest, serviceAccountName: ACCOUNT, successWhen, delete: 'Always' as const };
      await scenario.given(
        ...account(),
        workflow('waiting', { tasks: [{ name: 'apply', resource }] }),
        workflowRun('waiting', 'waiting'),
      );
      await scenario.until('it is there', made);
      await restartOperator(async () => {
        await scenario.kubectl(['patch', 'configmap', 'made', '--type=merge', '-p', '{"data":{"a":"2"}}']);
      });
      await hasSucceeded(scenario, 'waiting');
      await scenario.kubectl(['delete', 'awr', 'waiting']);
      await scenario.until('it is gone', async () => (await made()) === undefined);
    },
  );

  it(
    'a namespace with live runs goes after one documented command when the operator is away',
    FULL,
    async ({ scenario }) => {
      const page = readFileSync(join(ROOT, 'docs/operations/runbook.md'), 'utf8');
      const command = /^\$ (kubectl get pods -A .*finalizers.*)$/m.exec(page)?.[1];
      if (!command) throw new Error('the runbook has no command for what hangs in Terminating');
      const deaf = script('deaf', 'trap "" TERM; while true; do sleep 0.2; done');
      await scenario.given(workflow('live', { defaults, tasks: [deaf, script('finished', 'true')] }));
      await scenario.given(workflowRun('live', 'live'));
      await scenario.podRuns('deaf');
      await scenario.taskIs('live', 'finished', 'succeeded', ({ phase }) => phase === 'Succeeded');
      await restartOperator(async () => {
        await scenario.kubectl(['delete', 'namespace', scenario.namespace, '--wait=false']);
        await scenario.until('only the finalizers hold the pods', async () => {
          const pods = await scenario.pods();
          const isOver = (phase?: string) => phase === 'Succeeded' || phase === 'Failed';
          return pods.length > 0 && pods.every((pod) => pod.metadata.deletionTimestamp && isOver(pod.status?.phase));
        });
        const { cluster } = stage();
        const path = [dirname(cluster.kubectl), process.env.PATH].join(delimiter);
        const done = await run('sh', ['-c', command], { env: { KUBECONFIG: cluster.kubeconfig, PATH: path } });
        expect(done.stdout).toContain('patched');
        await scenario.until('the namespace is gone', async () => {
          const { items } = await scenario.client.list(NAMESPACES);
          return items.every(({ metadata }) => metadata.name !== scenario.namespace);
        });
      });
    },
  );
});

describe('when the operator is killed', () => {
  it('again and again no child run starts twice and none is lost', async ({ scenario }) => {
    const items = Array.from({ length: 8 }, (_, index) => `${index}`);
    const call = { name: 'call', workflow: { name: 'inner' }, forEach: { items, parallelism: 3 } };
    await scenario.given(
      workflow('inner', { tasks: [script('one', 'sleep 1'), script('two', 'true', { needs: ['one'] })] }),
      workflow('outer', { tasks: [call] }),
      workflowRun('outer', 'outer'),
    );
    const children = async () => (await scenario.runs()).filter(({ spec }) => spec.workflowRef.name === 'inner');
    for (const count of [1, 3, 6]) {
      await scenario.until(`${count} runs are there`, async () => (await children()).length >= count);
      await killOperator();
    }
    await hasSucceeded(scenario, 'outer');
    const runs = await children();
    expect(runs.map(({ spec }) => spec.origin?.task).sort()).toEqual(items.map((item) => `call[${item}]`));
    expect(runs.every(({ status }) => status?.phase === 'Succeeded')).toBe(true);
    expect(await scenario.pods()).toHaveLength(2 * items.length);
  });
});
