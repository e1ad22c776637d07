/**
 * Who: a user who may create, read, change and delete pods in the namespace, as `edit` may, and their status not.
 * What they try, without any policy in their way: to hand on outputs of their own, to have `ship` done before `build`, to
 * override a pod that runs, and to put a copy with the copied proof in the place of a pod that was deleted.
 * What must be: what they make counts for nothing, is named, and holds nothing up; an attempt whose pod they replace is
 * lost, and made again by the operator.
 */
import { describe, expect } from 'vitest';
import { ANNOTATION_PROOF, type WorkflowRun } from '../../src/api/index.ts';
import { podName } from '../../src/pods/index.ts';
import { Attacker, isToldOf, marksOf, podSaying } from '../support/attacker.ts';
import { it, useOperator } from '../support/e2e.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { eventsOf, outputsOf, phasesOf, type Scenario } from '../support/scenario.ts';

useOperator();

const PODS = { resources: ['pods'], verbs: ['get', 'list', 'create', 'patch', 'update', 'delete'] };
const outputs = [{ name: 'digest' }];
/** Long enough for what is made beside it to be seen. */
const building = (seconds: number) =>
  script('build', `sleep ${seconds}; echo digest=genuine > $ADO_OUTPUTS`, { outputs });
const ship = script('ship', 'test "$D" = genuine', {
  needs: ['build'],
  env: { D: '${{ tasks.build.outputs.digest }}' },
});

async function begun(scenario: Scenario, seconds: number): Promise<WorkflowRun> {
  await scenario.given(workflow('release', { tasks: [building(seconds), ship] }), workflowRun('release', 'release'));
  await scenario.podRuns('build');
  return scenario.run('release');
}
const nameOf = (run: WorkflowRun, path: string, attempt = 0) =>
  podName(run.metadata.name, run.metadata.uid ?? '', path, attempt);
const podEnds = (scenario: Scenario, name: string) =>
  scenario.until(`the pod ${name} has succeeded`, async () =>
    (await scenario.pods()).some(({ metadata, status }) => metadata.name === name && status?.phase === 'Succeeded'),
  );

describe.concurrent('a pod that is marked after it has ended', () => {
  it('hands on no outputs', async ({ scenario }) => {
    const run = await begun(scenario, 20);
    const mallory = await Attacker.with(scenario, PODS);
    const name = nameOf(run, 'build', 1);
    await mallory.create(podSaying('digest=forged', { name }));
    await podEnds(scenario, name);
    const metadata = marksOf(run, 'build', 1);
    await mallory.kubectl(['patch', 'pod', name, '--type=merge', '-p', JSON.stringify({ metadata })]);
    await isToldOf(scenario, name);
    const ended = await scenario.ended('release');
    expect(ended.status?.phase).toBe('Succeeded');
    expect(outputsOf(ended, 'build')).toEqual({ digest: 'genuine' });
  });
});

describe.concurrent('a pod in the place of a task whose needs have not ended', () => {
  it('neither starts the task nor keeps it from running', async ({ scenario }) => {
    const run = await begun(scenario, 20);
    const mallory = await Attacker.with(scenario, PODS);
    const name = nameOf(run, 'ship');
    await mallory.create(podSaying('', { ...marksOf(run, 'ship'), name }));
    await podEnds(scenario, name);
    await isToldOf(scenario, name);
    expect(phasesOf(await scenario.run('release'))).toMatchObject({ ship: 'Pending' });
    const ended = await scenario.ended('release');
    expect(phasesOf(ended)).toMatchObject({ build: 'Succeeded', ship: 'Succeeded' });
    const order = eventsOf(ended).flatMap((event) => ('path' in event ? [`${event.type} ${event.path}`] : []));
    expect(order.indexOf('Started ship')).toBeGreaterThan(order.indexOf('Succeeded build'));
    expect((await scenario.podOf('ship', 1)).metadata.annotations?.[ANNOTATION_PROOF]).toBeDefined();
  });
});

describe.concurrent('a pod beside the one that runs', () => {
  it('overrides nothing, under any name', async ({ scenario }) => {
    const run = await begun(scenario, 20);
    const mallory = await Attacker.with(scenario, PODS);
    const genuine = await scenario.podOf('build');
    const proof = genuine.metadata.annotations?.[ANNOTATION_PROOF] ?? '';
    const marks = marksOf(run, 'build');
    const copied = { ...marks, annotations: { ...marks.annotations, [ANNOTATION_PROOF]: proof } };
    await mallory.create(podSaying('digest=forged', { ...copied, name: 'beside' }));
    await podEnds(scenario, 'beside');
    await isToldOf(scenario, 'beside');
    expect(outputsOf(await scenario.ended('release'), 'build')).toEqual({ digest: 'genuine' });
  });
});

describe.concurrent('a pod that is deleted and made again with its proof', () => {
  it('is a stranger: the attempt is lost, and the operator makes the next', async ({ scenario }) => {
    const run = await begun(scenario, 15);
    const mallory = await Attacker.with(scenario, PODS);
    const genuine = await scenario.podOf('build');
    const { name, annotations = {} } = genuine.metadata;
    await mallory.kubectl(['delete', 'pod', name, '--wait=false', '--grace-period=0', '--force']);
    const free = [{ op: 'remove', path: '/metadata/finalizers' }];
    // The operator may have let it go already: then there is nothing to take away.
    await mallory.kubectl(['patch', 'pod', name, '--type=json', '-p', JSON.stringify(free)]).catch(() => '');
    const again = podSaying('digest=forged', { ...marksOf(run, 'build'), annotations, name });
    await scenario.until('the copy is made', async () => (await mallory.create(again).catch(() => '')) !== '');
    const ended = await scenario.ended('release');
    expect(ended.status?.phase).toBe('Succeeded');
    expect(outputsOf(ended, 'build')).toEqual({ digest: 'genuine' });
    const retries = eventsOf(ended).filter((event) => event.type === 'Retrying');
    expect(retries).toMatchObject([{ path: 'build', cause: 'Infrastructure' }]);
  });
});
