import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import { type KubeObject, PERSISTENT_VOLUME_CLAIMS } from '../../../src/runtime/index.ts';
import { it, stage, useSharedOperator } from '../../support/e2e.ts';
import { objectsOf } from '../../support/examples.ts';
import { IMAGE, script, workflow, workflowRun } from '../../support/manifests.ts';
import { outputsOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

const folders: string[] = [];

useSharedOperator();
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A volume on the one node, in a class of its own, that can be mounted by several pods and is still there afterwards. */
async function volume(scenario: Scenario, name: string, ofClass?: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ado-volume-'));
  folders.push(folder);
  const whole = `${scenario.namespace}-${name}`;
  const storageClassName = ofClass ?? whole;
  const anyNode = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'Exists' }] };
  const spec = {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce', 'ReadWriteMany'],
    storageClassName,
    persistentVolumeReclaimPolicy: 'Retain',
    local: { path: folder },
    nodeAffinity: { required: { nodeSelectorTerms: [anyNode] } },
  };
  const object = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: whole }, spec };
  await scenario.kubectl(['apply', '-f', '-'], object);
  return whole;
}

const removed = (scenario: Scenario, ...names: string[]) =>
  scenario.kubectl(['delete', 'persistentvolume', '--wait=false', ...names]);
const claim = (name: string, storageClassName: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteMany'], storageClassName, resources: { requests: { storage: '1Gi' } } },
});
const claims = async ({ namespace }: Scenario) =>
  (await stage().client.list<KubeObject>(PERSISTENT_VOLUME_CLAIMS, { namespace })).items;
const mounted = (more: object = {}) => ({ workspaces: [{ name: 'source', mountPath: '/space', ...more }] });

describe('workspaces', () => {
  it.concurrent('are one volume for all tasks of a run, also for those that are live at once, and go with the run', async ({
    scenario,
  }) => {
    const storageClassName = await volume(scenario, 'run');
    await scenario.given(
      workflow('share', {
        workspaces: [{ name: 'source', size: '1Gi', storageClassName }],
        tasks: [
          script('checkout', 'mkdir -p /space/src && echo code > /space/src/main', mounted()),
          // Each of the two ends only when the other one has begun.
          ...['left', 'right'].map((name) =>
            script(name, 'touch /space/$ADO_TASK; until test -e /space/left -a -e /space/right; do sleep 0.1; done', {
              needs: ['checkout'],
              ...mounted(),
            }),
          ),
          script('read', 'echo "code=$(cat /src/main)" > $ADO_OUTPUTS; ! touch /src/other', {
            needs: ['left', 'right'],
            ...mounted({ mountPath: '/src', subPath: 'src', readOnly: true }),
            outputs: [{ name: 'code' }],
          }),
        ],
      }),
      workflowRun('share', 'share'),
    );
    const run = await scenario.ended('share');
    expect(run.status?.phase, JSON.stringify(run.status?.tasks)).toBe('Succeeded');
    expect(outputsOf(run, 'read')).toEqual({ code: 'code' });
    const [made, ...others] = await claims(scenario);
    expect(others).toEqual([]);
    expect(made?.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([run.metadata.uid]);
    await scenario.kubectl(['delete', 'workflowruns.flow.ado.dev', 'share', '--wait=false']);
    await scenario.until('the claim is gone', async () => (await claims(scenario)).length === 0);
    await removed(scenario, storageClassName);
  });

  it.concurrent('may be a claim that outlives every run', FULL, async ({ scenario }) => {
    const storageClassName = await volume(scenario, 'kept');
    await scenario.given(
      claim('cache', storageClassName),
      workflow('cached', {
        workspaces: [{ name: 'cache', existingClaim: 'cache' }],
        tasks: [
          script('count', 'echo x >> /cache/runs; echo "runs=$(wc -l < /cache/runs)" > $ADO_OUTPUTS', {
            workspaces: [{ name: 'cache', mountPath: '/cache' }],
            outputs: [{ name: 'runs', type: 'Integer' }],
          }),
        ],
      }),
      workflowRun('first', 'cached'),
    );
    expect(outputsOf(await scenario.ended('first'), 'count')).toEqual({ runs: 1 });
    await scenario.given(workflowRun('second', 'cached'));
    expect(outputsOf(await scenario.ended('second'), 'count')).toEqual({ runs: 2 });
    await scenario.kubectl(['delete', 'workflowruns.flow.ado.dev', '--all']);
    expect((await claims(scenario)).map(({ metadata }) => metadata.name)).toEqual(['cache']);
    await removed(scenario, storageClassName);
  });

  it.concurrent('hold artifacts, which may themselves be kept on a volume', async ({ scenario }) => {
    const [shelf, source] = [await volume(scenario, 'artifacts'), await volume(scenario, 'source')];
    await scenario.given(
      claim('artifacts', shelf),
      workflow('both', {
        workspaces: [{ name: 'source', size: '1Gi', storageClassName: source }],
        tasks: [
          script('make', 'mkdir -p /space/out; echo built > /space/out/binary', {
            ...mounted(),
            artifacts: { outputs: [{ name: 'out', path: '/space/out' }] },
          }),
          script('take', 'echo "it=$(cat /ado/artifacts/out/binary)" > $ADO_OUTPUTS', {
            needs: ['make'],
            artifacts: { inputs: [{ name: 'out', from: 'make.out' }] },
            outputs: [{ name: 'it' }],
          }),
        ],
      }),
      workflowRun('both', 'both'),
    );
    const run = await scenario.ended('both');
    expect(run.status?.phase, JSON.stringify(run.status?.tasks)).toBe('Succeeded');
    expect(outputsOf(run, 'take')).toEqual({ it: 'built' });
    await removed(scenario, shelf, source);
  });

  it.concurrent('that a template mounts and the workflow does not declare are told before anything runs', async ({
    scenario,
  }) => {
    const task = script('read', 'true', mounted());
    await scenario.given(
      workflow('undeclared', {
        templates: [{ name: 'reader', defaults: { image: IMAGE }, tasks: [task] }],
        tasks: [{ name: 'use', template: { name: 'reader' } }],
      }),
    );
    const { status } = await scenario.workflowIs('undeclared', 'False');
    expect(status?.conditions?.[0]?.message).toContain('unknown workspace "source"');
  });

  it.concurrent(
    'are of the default StorageClass unless they name one, and gone when their run is',
    FULL,
    async ({ scenario }) => {
      await scenario.given(...objectsOf('workspaces', 'workflow.yaml'));
      const started = async () => (await scenario.workflow('shared-folder')).status?.lastApplied?.run;
      const run = await scenario.ended(await scenario.until('the trigger starts a run', started));
      expect(run.status?.phase, JSON.stringify(run.status?.tasks)).toBe('Succeeded');
      expect(outputsOf(run, 'publish')).toEqual({ result: 'built' });
      const [{ spec } = {}] = (await claims(scenario)) as (KubeObject & { spec?: { volumeName?: string } })[];
      expect(spec?.volumeName).toMatch(/^pvc-/);
      await scenario.kubectl(['delete', 'awr', '-l', 'flow.ado.dev/workflow=shared-folder']);
      const left = () => scenario.kubectl(['get', 'persistentvolume', spec?.volumeName ?? '', '--ignore-not-found']);
      await scenario.until('the volume is deleted', async () => (await left()) === '');
    },
  );
});
