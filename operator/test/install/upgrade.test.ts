/** @module-tag full */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { deployedName } from '../../hack/image.ts';
import { WORKFLOW_RUNS } from '../../src/controllers/index.ts';
import { ROOT } from '../support/control-plane.ts';
import { script, workflow } from '../support/manifests.ts';
import type { Scenario } from '../support/scenario.ts';
import { podCreates, simulated } from './load.ts';
import { NEXT_IMAGE } from './names.ts';
import { install, operatorPods, rolledOut, runOf, scenario, stage, useCluster } from './stage.ts';

useCluster();

const RUNS = 100;
const folder = mkdtempSync(join(tmpdir(), 'ado-upgrade-'));

beforeAll(() => install());
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await stage().kubectl.run(['label', 'nodes', '-l', 'type=kwok', ...STEPS.map((step) => `${gateOf(step)}-`)]);
});

/** `kubectl apply` of config/default with another image, as a cluster's own kustomization has it; waits for the rollout. */
async function applyImage(image: string): Promise<void> {
  const [name = '', newTag] = image.split(':');
  const overlay = join(folder, newTag ?? '');
  mkdirSync(overlay, { recursive: true });
  const resources = [relative(overlay, join(ROOT, 'config/default'))];
  writeFileSync(join(overlay, 'kustomization.yaml'), stringify({ resources, images: [{ name, newTag }] }));
  await stage().kubectl.run(['apply', '--server-side', '-k', overlay]);
  await rolledOut();
  const images = (await operatorPods()).flatMap(({ spec }) => spec?.containers?.map((each) => each.image) ?? []);
  expect(images).toEqual([image, image]);
}

/** The tasks of a run, in their order. All but the first wait for a gate: their pods fit no node before it is open. */
const STEPS = ['one', 'two', 'three', 'four'] as const;
const gateOf = (step: string) => `ado.test/gate-${step}`;

const steps = STEPS.map((name, at) => {
  if (at === 0) return simulated(name, 1);
  const nodeSelector = { type: 'kwok', [gateOf(name)]: 'open' };
  return simulated(name, 1, { nodeSelector, needs: [STEPS[at - 1] ?? ''] });
});

/** Lets the pods of a step be scheduled, from now on. */
const open = (step: (typeof STEPS)[number]) =>
  stage().kubectl.run(['label', 'nodes', '-l', 'type=kwok', '--overwrite', `${gateOf(step)}=open`]);

const unfinished = async (here: Scenario) => (await here.runs()).filter(({ status }) => !status?.finishedAt).length;

it(`loses and repeats nothing of ${RUNS} runs, up and down again`, async () => {
  const here = await scenario();
  const retention = { succeeded: { count: 1000 } };
  // One run has real pods: what the kubelet does while nobody looks is taken up as well.
  await here.given(
    workflow('chain', { retention, tasks: steps }),
    workflow('real', { tasks: [script('one', 'sleep 6'), script('two', 'sleep 6', { needs: ['one'] })] }),
  );
  for (const name of ['chain', 'real']) await here.workflowIs(name, 'True');
  const mark = stage().audit.mark();
  const names = Array.from({ length: RUNS }, (_, index) => `chain-${index}`);
  await stage().client.create(WORKFLOW_RUNS, runOf(here.namespace, 'real', 'real'));
  for (const name of names) await stage().client.create(WORKFLOW_RUNS, runOf(here.namespace, name, 'chain'));

  // What a gate holds back ends while the replicas change; the last gate is open only when they have.
  await Promise.all([applyImage(NEXT_IMAGE), open('two')]);
  await Promise.all([applyImage(deployedName()), open('three')]);
  expect(await unfinished(here)).toBeGreaterThanOrEqual(RUNS);
  await open('four');

  await here.until('every run is over', async () => (await unfinished(here)) === 0, { timeoutMs: 200_000 });
  const runs = await here.runs();
  expect(runs).toHaveLength(RUNS + 1);
  const failures = runs.filter(({ status }) => status?.phase !== 'Succeeded').map(({ metadata }) => metadata.name);
  expect(failures).toEqual([]);
  const created = podCreates(mark, here.namespace).map(({ name }) => name);
  expect(created).toHaveLength(RUNS * STEPS.length + 2);
  expect(new Set(created).size).toBe(created.length);
  await here.end();
});
