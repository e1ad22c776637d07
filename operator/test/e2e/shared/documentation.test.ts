/** What the documentation shows is run as it stands there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { parse } from 'yaml';
import { it, stage, useSharedOperator } from '../../support/e2e.ts';
import type { Manifest } from '../../support/manifests.ts';
import { follow } from '../../support/readme.ts';
import type { Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

const ROOT = join(import.meta.dirname, '../../../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** The first block of YAML in a text, which is what a reader copies. */
function firstYaml(markdown: string): string {
  const block = /```yaml\n([\s\S]*?)```/.exec(markdown)?.[1];
  if (!block) throw new Error('there is no block of YAML');
  return block;
}

/** Applies a workflow in the namespace of the test and waits for the run that its trigger starts. */
async function runOf(scenario: Scenario, yaml: string) {
  const manifest = parse(yaml) as Manifest;
  await scenario.given({ ...manifest, metadata: { ...manifest.metadata, namespace: scenario.namespace } });
  const { name } = manifest.metadata;
  const started = await scenario.until('the trigger starts a run', async () => {
    return (await scenario.workflow(name)).status?.lastApplied?.run;
  });
  return scenario.ended(started);
}

describe('the documentation', () => {
  it.concurrent('shows a workflow of ten lines that says hello', async ({ scenario }) => {
    const yaml = firstYaml(read('README.md'));
    expect(yaml.trim().split('\n').length).toBeLessThanOrEqual(10);
    const run = await runOf(scenario, yaml);
    expect(run.status).toMatchObject({ phase: 'Succeeded', progress: '2/2' });
    const log = await scenario.kubectl(['logs', '-l', `flow.ado.dev/run=${run.metadata.name}`, '--prefix']);
    expect(log).toMatch(/-say-0-[0-9a-f]+\/main\] hello\n/);
  });

  it.concurrent('starts runs by hand, with parameters, as its page says', async ({ scenario }) => {
    await follow('docs/guides/run-by-hand.md', scenario, stage().cluster);
    const names = (await scenario.kubectl(['get', 'awr', '-o', 'name'])).trim().split('\n');
    expect(names).toHaveLength(2);
    for (const name of names) {
      const run = await scenario.ended(name.replace(/.*\//, ''));
      expect(run.status).toMatchObject({ phase: 'Succeeded', progress: '1/1' });
    }
    const log = await scenario.kubectl(['logs', '-l', 'flow.ado.dev/workflow=greet', '--tail=-1']);
    expect(log.trim().split('\n').sort()).toEqual(['hello world', 'hello world', 'hello you']);
    const { status } = await scenario.workflow('greet');
    const { message = '' } = status?.conditions?.find(({ type }) => type === 'Ready') ?? {};
    expect(message).toContain(
      'no trigger starts this Workflow; start a run by hand (docs/guides/run-by-hand.md): echo ',
    );
    expect(message).toContain('"parameters":[{"name":"who","value":"VALUE"}]');
  });

  it.concurrent(
    'has a quickstart with a fan-out, a data dependency, a retry and a condition',
    FULL,
    async ({ scenario }) => {
      const run = await runOf(scenario, read('examples/quickstart/workflow.yaml'));
      const phases = run.status?.tasks?.map(({ path, phase, attempt }) => `${path} ${phase} ${attempt ?? ''}`.trim());
      expect(phases).toEqual([
        'build Succeeded 0',
        'test[0] Succeeded 0',
        'test[1] Succeeded 0',
        'test[2] Succeeded 0',
        'scan Succeeded 1',
        'announce-beta Skipped',
        'ship Succeeded 0',
      ]);
      const log = await scenario.kubectl(['logs', '-l', `flow.ado.dev/run=${run.metadata.name}`]);
      expect(log).toMatch(/shipped sha256-[0-9a-f]{12}/);
    },
  );
});
