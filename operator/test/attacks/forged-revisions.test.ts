/**
 * Who: a user who may create, change and delete ControllerRevisions in a namespace, and run Workflows there; a tenant of
 * another namespace, or of the same one.
 * What they try: to have another script run in a Workflow that nobody has touched, by a ControllerRevision that has the
 * name and claims the digest of its definition: in their own namespace (compiled definitions are shared by digest), before
 * the Workflow is applied, or in the place of the one that was pinned.
 * What must be: the Workflow runs its own script, or nothing: Ready=False or Stalled with RevisionForged, which names the
 * object and the remedy. When the forged object is deleted, everything goes on by itself.
 */
import { describe, expect } from 'vitest';
import { ANNOTATION_DIGEST, API_VERSION, GROUP, LABEL_WORKFLOW, type Workflow } from '../../src/api/index.ts';
import { definitionOf, digestOf } from '../../src/engine/index.ts';
import { CONTROLLER_REVISIONS, type KubeObject } from '../../src/runtime/index.ts';
import { Attacker, type Right } from '../support/attacker.ts';
import { it, stage, useOperator } from '../support/e2e.ts';
import { IMAGE, type Manifest, script, workflow, workflowRun } from '../support/manifests.ts';
import { conditionOf, outputsOf, Scenario } from '../support/scenario.ts';

useOperator();

const RIGHTS: readonly Right[] = [
  { group: 'apps', resources: ['controllerrevisions'], verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'] },
  { group: GROUP, resources: ['workflows', 'workflowruns'], verbs: ['get', 'create'] },
];
/** How a forged revision is told of, on the run itself or on the Workflow that it waits for. */
const NAMED = 'is not the pinned definition';
const BY = { outputs: [{ name: 'by' }] };
const victim = workflow('victim', { tasks: [script('only', 'echo by=victim > $ADO_OUTPUTS', BY)] });
const EVIL = {
  defaults: { image: IMAGE },
  tasks: [script('only', 'echo by=mallory > $ADO_OUTPUTS', BY)],
};

/** A revision that says of itself all that the genuine one says, and holds another definition. */
function forgeryOf({ metadata, status }: Workflow, data: unknown = EVIL): Manifest {
  const { name, uid = '' } = metadata;
  const { digest = '', revision = '' } = status?.definition ?? {};
  const owner = { apiVersion: API_VERSION, kind: 'Workflow', name, uid, controller: true, blockOwnerDeletion: false };
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: revision,
      labels: { [LABEL_WORKFLOW]: name },
      annotations: { [ANNOTATION_DIGEST]: digest },
      ownerReferences: [owner],
    },
    revision: 1,
    data,
  };
}

/** Without an owner, so that the garbage collector leaves it alone. */
function ownerless(forgery: Manifest): Manifest {
  const { ownerReferences: _none, ...metadata } = forgery.metadata;
  return { ...forgery, metadata };
}

const isMissing = (scenario: Scenario, name: string) =>
  scenario.until(`the revision ${name} is gone`, async () => {
    const { items } = await scenario.client.list<KubeObject>(CONTROLLER_REVISIONS, { namespace: scenario.namespace });
    return items.every(({ metadata }) => metadata.name !== name);
  });

/** What the Workflow pins when nobody interferes; nothing of it is left. */
async function learned(scenario: Scenario): Promise<Workflow> {
  await scenario.given(victim);
  const pinned = await scenario.workflowIs('victim', 'True');
  await scenario.kubectl(['delete', 'awf', 'victim']);
  await isMissing(scenario, pinned.status?.definition?.revision ?? '');
  return pinned;
}

const isForged = (scenario: Scenario, run: string) =>
  scenario.runIs(run, 'is stopped', ({ status }) =>
    (status?.conditions ?? []).some(({ type, reason }) => type === 'Stalled' && reason === 'RevisionForged'),
  );

describe('a forged ControllerRevision', () => {
  it('in another namespace changes nothing of an untouched workflow with the same digest', async ({ scenario }) => {
    await scenario.given(victim);
    const pinned = await scenario.workflowIs('victim', 'True');
    const other = await Scenario.begin(stage());
    try {
      const mallory = await Attacker.with(other, ...RIGHTS);
      await mallory.kubectl(['create', '-f', '-'], ownerless(forgeryOf(pinned)));
      await mallory.kubectl(['create', '-f', '-'], victim);
      await mallory.kubectl(['create', '-f', '-'], workflowRun('prime', 'victim'));
      const refused = await other.workflowIs('victim', 'False');
      expect(conditionOf(refused, 'Ready').reason).toBe('RevisionForged');
      await scenario.given(workflowRun('mine', 'victim'));
      const ended = await scenario.ended('mine');
      expect(outputsOf(ended, 'only')).toEqual({ by: 'victim' });
      expect(await other.pods()).toEqual([]);
    } finally {
      await other.end();
    }
  });

  it('that was there before the Workflow keeps it from running until it is deleted, and is named', async ({
    scenario,
  }) => {
    const pinned = await learned(scenario);
    const mallory = await Attacker.with(scenario, ...RIGHTS);
    const forged = ownerless(forgeryOf(pinned));
    await mallory.kubectl(['create', '-f', '-'], forged);
    await scenario.given(victim, workflowRun('mine', 'victim'));
    const refused = await scenario.workflowIs('victim', 'False');
    expect(conditionOf(refused, 'Stalled')).toMatchObject({ status: 'True', reason: 'RevisionForged' });
    expect(conditionOf(refused, 'Ready').message).toContain(
      `kubectl delete controllerrevision ${forged.metadata.name} -n ${scenario.namespace}`,
    );
    expect(await scenario.pods()).toEqual([]);
    await scenario.kubectl(['delete', 'controllerrevision', forged.metadata.name]);
    await scenario.workflowIs('victim', 'True');
    expect(outputsOf(await scenario.ended('mine'), 'only')).toEqual({ by: 'victim' });
  });

  it('in the place of the pinned one is never run, whoever is quicker', async ({ scenario }) => {
    await scenario.given(victim);
    const pinned = await scenario.workflowIs('victim', 'True');
    const mallory = await Attacker.with(scenario, ...RIGHTS);
    const name = pinned.status?.definition?.revision ?? '';
    for (let attempt = 0; attempt < 5; attempt++) {
      await mallory.kubectl(['delete', 'controllerrevision', name, '--ignore-not-found']);
      // Where the operator has pinned it again first, there is nothing to forge.
      await mallory.kubectl(['create', '-f', '-'], forgeryOf(pinned)).catch(() => undefined);
    }
    await scenario.given(workflowRun('mine', 'victim'));
    await scenario.until('the run is over or stopped', async () => {
      const { status } = await scenario.run('mine');
      return status?.finishedAt !== undefined || status?.conditions?.some(({ message }) => message.includes(NAMED));
    });
    await scenario.kubectl(['delete', 'controllerrevision', name]);
    expect(outputsOf(await scenario.ended('mine'), 'only')).toEqual({ by: 'victim' });
  });

  it('that was made of the pinned one by taking its owner away stops the run until it is pinned again', async ({
    scenario,
  }) => {
    const gate = script('gate', 'until test -e /tmp/now; do sleep 0.2; done');
    const only = script('only', 'echo by=victim > $ADO_OUTPUTS', { ...BY, needs: ['gate'] });
    await scenario.given(workflow('victim', { tasks: [gate, only] }), workflowRun('mine', 'victim'));
    const { metadata } = await scenario.podRuns('gate');
    const { status } = await scenario.workflow('victim');
    const name = status?.definition?.revision ?? '';
    // kubectl sorts the keys of the data, which the API server then takes for a change and refuses; a client need not.
    const ref = { name, namespace: scenario.namespace };
    const { metadata: pinned, ...content } = await scenario.client.get<KubeObject>(CONTROLLER_REVISIONS, ref);
    const { ownerReferences: _taken, ...orphaned } = pinned;
    await scenario.client.replace(CONTROLLER_REVISIONS, { ...content, metadata: orphaned });
    const stopped = await isForged(scenario, 'mine');
    expect(conditionOf(stopped, 'Stalled').message).toContain(name);
    const events = ['get', 'events.v1.events.k8s.io', '-o', 'jsonpath={.items[*].reason}'];
    await scenario.until('an Event says so', async () => (await scenario.kubectl(events)).includes('RevisionForged'));
    await scenario.kubectl(['exec', metadata.name, '--', 'touch', '/tmp/now']);
    await scenario.kubectl(['delete', 'controllerrevision', name]);
    expect(outputsOf(await scenario.ended('mine'), 'only')).toEqual({ by: 'victim' });
  });

  it('that fits a definition which is not valid does not spare it the judgement', async ({ scenario }) => {
    await scenario.given(victim);
    await scenario.workflowIs('victim', 'True');
    const mallory = await Attacker.with(scenario, ...RIGHTS);
    const unfit = workflow('unfit', { tasks: [script('only', 'true', { needs: ['nobody'] })] });
    await mallory.kubectl(['create', '-f', '-'], unfit);
    const refused = await scenario.workflowIs('unfit', 'False');
    expect(conditionOf(refused, 'Ready').reason).toBe('InvalidSpec');
    const definition = definitionOf(refused.spec);
    const digest = digestOf(definition);
    const status = { definition: { digest, revision: `unfit-${digest.slice(0, 12)}` } };
    await mallory.kubectl(['create', '-f', '-'], forgeryOf({ ...refused, status }, definition));
    await scenario.kubectl(['annotate', 'awf', 'unfit', 'looked=at']);
    await scenario.given(workflowRun('never', 'unfit'));
    await scenario.runIs('never', 'waits', ({ status: { conditions } = {} }) =>
      (conditions ?? []).some(({ reason }) => reason === 'WorkflowNotReady'),
    );
    await scenario.kubectl(['delete', 'awr', 'never']);
  });
});
