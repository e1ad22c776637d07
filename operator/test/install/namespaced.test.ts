/** @module-tag full */
import { beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACED_ACCESS } from '../../src/controllers/index.ts';
import { type KubeObject, NAMESPACES } from '../../src/runtime/index.ts';
import { OPERATOR_NAMESPACE, OPERATOR_USER } from '../support/installation.ts';
import { workflow, workflowRun } from '../support/manifests.ts';
import type { Scenario } from '../support/scenario.ts';
import { waitFor } from '../support/wait-for.ts';
import { podCreates, simulated } from './load.ts';
import { install, leader, operatorPods, rolledOut, scenario, scenarioIn, stage, useCluster } from './stage.ts';

useCluster();

/** As config/overlays/namespaced has them. */
const TEAM = 'ado-team';
const SERVED = 'ado-demo';
const TEAM_USER = `system:serviceaccount:${TEAM}:ado-operator`;

let start: number;

beforeAll(async () => {
  const { kubectl, client, audit } = stage();
  start = audit.mark();
  const labels = {
    'pod-security.kubernetes.io/enforce': 'restricted',
    'app.kubernetes.io/name': 'ado',
    'flow.ado.dev/operator': `${TEAM}.ado-operator`,
  };
  await client.create(NAMESPACES, { metadata: { name: SERVED, labels } as KubeObject['metadata'] });
  await install();
  await kubectl.run(['set', 'env', '-n', OPERATOR_NAMESPACE, 'deploy/ado-operator', `ADO_EXCEPT_NAMESPACES=${SERVED}`]);
  await rolledOut();
  await install('config/overlays/namespaced');
  await rolledOut(TEAM);
});

/** A workflow of two tasks and a run of it that ends well. */
async function runsIn(here: Scenario): Promise<void> {
  const tasks = [simulated('one', 0.2), simulated('two', 0.2, { needs: ['one'] })];
  await here.given(workflow('both', { tasks }), workflowRun('both', 'both'));
  expect((await here.ended('both')).status?.phase).toBe('Succeeded');
}

/** How many objects of a kind the leader of a namespace has in its cache, as its metrics say. */
async function cached(namespace: string, resource: string): Promise<number> {
  const { name } = (await leader(namespace)).metadata;
  const read = "fetch('http://127.0.0.1:8081/metrics').then((answer) => answer.text()).then(console.log)";
  const text = await stage().kubectl.run(['exec', '-n', namespace, name, '--', '/usr/bin/node', '--eval', read]);
  const line = new RegExp(`^ado_informer_objects\\{resource="${resource}"\\} (\\d+)$`, 'm').exec(text)?.[1];
  if (line === undefined) throw new Error(`no ado_informer_objects of ${resource} in ${text.slice(0, 500)}`);
  return Number(line);
}

/** Verb, resource and flags of everything that the operator may do in a namespace that it serves. */
const RIGHTS = NAMESPACED_ACCESS.flatMap(({ type, subresource, verbs }) => {
  const flags = subresource === undefined ? [] : [`--subresource=${subresource}`];
  return verbs.map((verb): [string, string, ...string[]] => [verb, `${type.plural}.${type.group}`, ...flags]);
});

const asked = (user: string) =>
  stage().audit.since(start, (record) => record.user === user && record.resource !== '' && record.code < 400);

describe('an operator for one namespace beside one for all others', () => {
  it('runs what is in its namespace, and the other what is anywhere else', async () => {
    const elsewhere = await scenario();
    const inside = scenarioIn(SERVED);
    const mark = stage().audit.mark();
    await Promise.all([runsIn(elsewhere), runsIn(inside)]);
    expect(podCreates(mark, SERVED, TEAM_USER)).toHaveLength(2);
    expect(podCreates(mark, elsewhere.namespace, OPERATOR_USER)).toHaveLength(2);
    expect(podCreates(mark, SERVED, OPERATOR_USER)).toEqual([]);
    expect(await cached(TEAM, 'workflowruns')).toBe(1);
    expect(await cached(OPERATOR_NAMESPACE, 'workflowruns')).toBe(1);
    await elsewhere.end();
  });

  it('asked for nothing outside of its namespace but its lease and its key', () => {
    const records = asked(TEAM_USER);
    expect(records.filter(({ namespace }) => namespace === SERVED).length).toBeGreaterThan(10);
    const outside = records.filter(({ namespace }) => namespace !== SERVED);
    // What it creates has no name in the audit log.
    const named = outside.map(({ namespace, resource, verb, name }) => {
      return `${resource} ${verb === 'create' ? '' : name} in ${namespace}`;
    });
    const own = ['leases ado-operator', 'secrets ado-admission', 'leases ', 'secrets '].map(
      (one) => `${one} in ${TEAM}`,
    );
    expect(own).toEqual(expect.arrayContaining([...new Set(named)]));
    expect(named).toEqual(expect.arrayContaining(own.slice(0, 2)));
  });

  it('was never asked for by the operator of the whole cluster', () => {
    const records = asked(OPERATOR_USER);
    expect(records.length).toBeGreaterThan(10);
    expect(records.filter(({ namespace }) => namespace === SERVED || namespace === TEAM)).toEqual([]);
  });

  it.each(RIGHTS)('would be refused to %s %s anywhere else', async (verb, resource, ...subresource) => {
    const can = async (...where: string[]) => {
      const question = ['auth', 'can-i', verb, resource, ...subresource, `--as=${TEAM_USER}`, ...where];
      return (await stage().kubectl.try(question)).stdout.trim();
    };
    expect(await Promise.all([can('-n', SERVED), can('-n', 'default'), can('-A')])).toEqual(['yes', 'no', 'no']);
  });

  it('says what is missing when a namespace has not granted it its rights, and acts nowhere until then', async () => {
    const { kubectl } = stage();
    const here = await scenario();
    const env = (value: string) => ['set', 'env', '-n', TEAM, 'deploy/ado-operator', `ADO_NAMESPACES=${value}`];
    await kubectl.run(env(`${SERVED},${here.namespace}`));
    const log = await waitFor('the operator says so', async () => {
      const pods = await operatorPods(TEAM);
      const logs = await Promise.all(
        pods.map(({ metadata }) => kubectl.try(['logs', '-n', TEAM, metadata.name]).then(({ stdout }) => stdout)),
      );
      return logs.find((text) => text.includes('forbidden') && text.includes(here.namespace));
    });
    expect(log).not.toContain('workers started');
    await kubectl.run(env(SERVED));
    await rolledOut(TEAM);
    await here.end();
  });
});
