import { describe, expect } from 'vitest';
import { run } from '../../../cluster/command.ts';
import { type KubeObject, LEASES } from '../../../src/runtime/index.ts';
import { auditLog, it, restartOperator, stage, useOperator } from '../../support/e2e.ts';
import { OPERATOR_NAMESPACE, OPERATOR_USER } from '../../support/installation.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { promtool } from '../../support/promtool.ts';
import { conditionOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useOperator();

const WRITES = ['create', 'update', 'patch', 'delete'];

/** What the operator wrote in a namespace since a mark. */
const writesSince = (mark: number, scenario: Scenario) =>
  auditLog().since(mark, ({ user, verb, namespace }) => {
    return user === OPERATOR_USER && WRITES.includes(verb) && namespace === scenario.namespace;
  });

interface Lease extends KubeObject {
  spec: { holderIdentity?: string };
}
const lease = () => stage().client.get<Lease>(LEASES, { name: 'ado-operator', namespace: OPERATOR_NAMESPACE });

describe('a quiet operator', () => {
  it('asks for nothing and writes nothing once a run is over', FULL, async ({ scenario }) => {
    await scenario.given(
      workflow('quiet', { tasks: [script('one', 'true'), script('two', 'exit 1', { needs: ['one'] })] }),
      workflowRun('quiet', 'quiet'),
    );
    await scenario.ended('quiet');
    // The kubelet goes on writing to the pods for a few seconds; whatever comes of that, five seconds of quiet follow.
    await auditLog().quiet(OPERATOR_USER, 5000);
    const before = await scenario.run('quiet');
    const mark = auditLog().mark();
    const pod = await scenario.podOf('one');
    await scenario.kubectl(['label', 'pod', pod.metadata.name, 'looked=at']);
    await scenario.kubectl(['label', 'awr', 'quiet', 'looked=at']);
    await auditLog().quiet(OPERATOR_USER, 2000);
    expect(writesSince(mark, scenario)).toEqual([]);
    expect((await scenario.run('quiet')).status).toEqual(before.status);
  });
});

describe('a state that a newer operator wrote', () => {
  it('is refused in so many words, and nothing of it is touched', FULL, async ({ scenario }) => {
    const tasks = [
      script('first', 'until test -e /tmp/now; do sleep 0.2; done'),
      script('second', 'true', { needs: ['first'] }),
    ];
    await scenario.given(workflow('newer', { tasks }), workflowRun('newer', 'newer'));
    const pod = await scenario.podRuns('first');
    await auditLog().quiet(OPERATOR_USER, 2000);
    const state = JSON.stringify({ ...JSON.parse((await scenario.run('newer')).status?.state ?? ''), v: 99 });
    await scenario.kubectl([
      'patch',
      'awr',
      'newer',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status: { state } }),
    ]);
    const patched = await scenario.run('newer');
    const mark = auditLog().mark();
    const events = ['get', 'events', '-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}'];
    await scenario.until('an Event says so', async () => {
      return /UnknownStateVersion: .*version 99.*run the operator that wrote it/.test(await scenario.kubectl(events));
    });
    await scenario.kubectl(['exec', pod.metadata.name, '--', 'touch', '/tmp/now']);
    await scenario.until('the pod has ended', async () => {
      return (await scenario.podOf('first')).status?.phase === 'Succeeded';
    });
    await auditLog().quiet(OPERATOR_USER, 3000);
    expect(writesSince(mark, scenario).filter(({ resource }) => resource !== 'events')).toEqual([]);
    expect(await scenario.run('newer')).toEqual(patched);
    expect((await scenario.podOf('first')).metadata.finalizers).toEqual(['flow.ado.dev/result']);
    expect(scenario.operator.logAbout('UnknownStateVersion')).toContain('newer');
    await scenario.kubectl(['delete', 'awr', 'newer']);
    await scenario.until('its pods are let go', async () => (await scenario.pods()).length === 0);
  });
});

describe('the process', () => {
  it('serves health and metrics that promtool finds nothing wrong with', async ({ scenario }) => {
    await scenario.given(workflow('metric', { tasks: [script('one', 'true')] }), workflowRun('metric', 'metric'));
    await scenario.ended('metric');
    for (const path of ['/livez', '/readyz']) expect((await scenario.operator.get(path)).status).toBe(200);
    const { status, text } = await scenario.operator.get('/metrics');
    expect(status).toBe(200);
    for (const name of [
      'controller_runtime_reconcile_total',
      'workqueue_depth',
      'rest_client_requests_total',
      'leader_election_master_status',
      'ado_',
    ]) {
      expect(text).toContain(`\n${name}`);
    }
    const judged = await run(await promtool(), ['check', 'metrics'], { input: text });
    expect(judged).toMatchObject({ code: 0, stderr: '' });
  });

  it('hands its lease back on SIGTERM, ends with 0, and its successor finishes the run and starts none twice', async ({
    scenario,
  }) => {
    const onChange = { of: ['Tasks' as const] };
    await scenario.given(
      workflow('gone', {
        triggers: { onChange },
        retention: { succeeded: { count: 0 } },
        tasks: [script('one', 'true')],
      }),
      workflow('kept', { triggers: { onChange }, tasks: [script('one', 'true')] }),
      workflow('long', {
        tasks: [
          script('first', 'until test -e /tmp/now; do sleep 0.2; done'),
          script('second', 'true', { needs: ['first'] }),
        ],
      }),
      workflowRun('long', 'long'),
    );
    await scenario.podRuns('first');
    const names = async () => (await scenario.runs()).map(({ spec }) => spec.workflowRef.name).sort();
    const marks = async () => Promise.all(['gone', 'kept'].map(async (name) => (await scenario.workflow(name)).status));
    await scenario.until('the finished run is gone', async () => {
      const [gone] = await marks();
      return gone?.lastApplied !== undefined && (await names()).join() === 'kept,long';
    });
    await scenario.until('the kept run is over', async () =>
      (await scenario.runs()).some((seen) => seen.status?.finishedAt),
    );
    const before = await marks();
    const { name } = (await scenario.podOf('first')).metadata;
    expect((await lease()).spec.holderIdentity).not.toBe('');
    const code = await restartOperator(async () => {
      expect((await lease()).spec.holderIdentity ?? '').toBe('');
      await scenario.kubectl(['exec', name, '--', 'touch', '/tmp/now']);
    });
    expect(code).toBe(0);
    expect(conditionOf(await scenario.ended('long'), 'Succeeded').status).toBe('True');
    await auditLog().quiet(OPERATOR_USER, 2000);
    expect(await names()).toEqual(['kept', 'long']);
    expect(await marks()).toEqual(before);
  });
});
