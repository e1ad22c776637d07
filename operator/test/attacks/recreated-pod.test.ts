/**
 * Who: a user who may create, read, change and delete pods, while no operator runs.
 * What they try: to replace the pod of an attempt by a copy, with the copied proof, that nobody has seen being made.
 * What must be: the uid that was recorded tells the copy; the attempt is lost and made again.
 */
import { describe, expect } from 'vitest';
import { decodeState, objectOf } from '../../src/engine/index.ts';
import { Attacker, isToldOf, marksOf, podSaying } from '../support/attacker.ts';
import { it, restartOperator, useOperator } from '../support/e2e.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { outputsOf } from '../support/scenario.ts';

useOperator();

describe('a pod that is replaced while no operator looks', () => {
  it('is told by the uid that was recorded with the attempt', async ({ scenario }) => {
    const make = 'test "$ADO_ATTEMPT" -gt 0 || sleep 60; echo digest=genuine > $ADO_OUTPUTS';
    const build = script('build', make, { outputs: [{ name: 'digest' }] });
    await scenario.given(workflow('release', { tasks: [build] }), workflowRun('release', 'release'));
    const genuine = await scenario.podRuns('build');
    const { name, annotations = {} } = genuine.metadata;
    const run = await scenario.runIs(
      'release',
      'has recorded the pod',
      ({ status }) => status?.state !== undefined && objectOf(decodeState(status.state), 'build', 0) !== undefined,
    );
    const verbs = ['get', 'list', 'create', 'patch', 'delete'];
    const mallory = await Attacker.with(scenario, { resources: ['pods'], verbs });
    await restartOperator(async () => {
      await mallory.kubectl(['delete', 'pod', name, '--wait=false', '--grace-period=0', '--force']);
      const free = [{ op: 'remove', path: '/metadata/finalizers' }];
      await mallory.kubectl(['patch', 'pod', name, '--type=json', '-p', JSON.stringify(free)]);
      const again = podSaying('digest=forged', { ...marksOf(run, 'build'), annotations, name });
      await scenario.until('the copy is made', async () => (await mallory.create(again).catch(() => '')) !== '');
    });
    await isToldOf(scenario, name);
    const ended = await scenario.ended('release');
    expect(outputsOf(ended, 'build')).toEqual({ digest: 'genuine' });
    expect((await scenario.podOf('build', 1)).metadata.name).not.toBe(name);
  });
});
