import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { must } from '../../cluster/command.ts';
import { bundleOperator } from '../../hack/bundle.ts';
import { deployedName } from '../../hack/image.ts';
import { ROOT } from '../support/control-plane.ts';
import { OPERATOR_NAMESPACE, OperatorCredentials } from '../support/installation.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { FULL } from '../support/tier.ts';
import { IMAGE_ARCHIVE, NEXT_IMAGE } from './names.ts';
import { install, operatorPods, processOf, scenario, stage, textOf, useCluster } from './stage.ts';
import { median, type StartCost, startCost } from './start-cost.ts';

useCluster();

const ARCHIVE = join(ROOT, IMAGE_ARCHIVE);
const fromArchive = (name: string, ...more: string[]) =>
  must('tar', ['--extract', '--to-stdout', '--file', ARCHIVE, name, ...more]);

interface ImageConfig {
  config: { User: string; Entrypoint: string[]; Healthcheck: { Test: string[] }; Env: string[] };
}

async function manifest(): Promise<{ Config: string; RepoTags: string[]; Layers: string[] }> {
  const [only] = JSON.parse(await fromArchive('manifest.json'));
  return only;
}

async function config(): Promise<ImageConfig['config']> {
  return (JSON.parse(await fromArchive((await manifest()).Config)) as ImageConfig).config;
}

describe('the image', () => {
  it('bears the name that the Deployment asks for', async () => {
    const { RepoTags } = await manifest();
    for (const name of [deployedName(), NEXT_IMAGE]) expect(RepoTags).toContain(`docker.io/${name}`);
  });

  it('begins the operator as a user without rights, and says how its health is asked', async () => {
    const { User, Entrypoint, Healthcheck } = await config();
    expect(User).toBe('65532:65532');
    expect(Entrypoint).toEqual(['/usr/bin/node', '/app/operator.mjs']);
    expect(Healthcheck.Test.slice(0, 2)).toEqual(['CMD', '/usr/bin/node']);
  });

  it('holds the bundles, Node and its libraries, and nothing else', async () => {
    const { Layers } = await manifest();
    const lists = await Promise.all(
      Layers.map((layer) => must('sh', ['-c', `tar -xOf "$0" "$1" | tar -t`, ARCHIVE, layer])),
    );
    const files = lists
      .join('')
      .split('\n')
      .filter((path) => path !== '' && !path.endsWith('/'));
    const libraries = files.filter((path) => /\.so(\.\d+)*$/.test(path));
    expect(libraries.length).toBeGreaterThan(4);
    expect(files.filter((path) => !libraries.includes(path)).sort()).toEqual([
      'app/artifacts.mjs',
      'app/artifacts.mjs.map',
      'app/http-task.mjs',
      'app/http-task.mjs.map',
      'app/operator.mjs',
      'app/operator.mjs.map',
      'etc/group',
      'etc/nsswitch.conf',
      'etc/passwd',
      'usr/bin/node',
    ]);
  });

  it('names no registry, and carries none of the secrets of its build', async () => {
    const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
    const names = [...dockerfile.matchAll(/^(?:ARG NODE_IMAGE=|FROM )(\S+)/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(1);
    expect(names.filter((name) => /[./]/.test(name.split(':')[0] ?? ''))).toEqual([]);
    expect((await config()).Env.filter((variable) => /npm|secret|token|certs/i.test(variable))).toEqual([]);
  });
});

describe('the operator in the cluster', () => {
  it('runs a workflow, installed by config/default alone', async () => {
    await install();
    expect(await operatorPods()).toHaveLength(2);
    const here = await scenario();
    const tasks = [
      script('make', 'echo "word=hello" > $ADO_OUTPUTS', { outputs: [{ name: 'word', type: 'String' }] }),
      script('say', 'test "$WORD" = hello', { needs: ['make'], env: { WORD: '${{ tasks.make.outputs.word }}' } }),
    ];
    await here.given(workflow('hello', { tasks }), workflowRun('hello', 'hello'));
    expect((await here.ended('hello')).status).toMatchObject({ phase: 'Succeeded', progress: '2/2' });
    await here.end();
  });

  it('is the user of the image, on a file system that it cannot write', async () => {
    const [pod] = await operatorPods();
    const pid = processOf(pod!);
    expect(textOf(`/proc/${pid}/status`)).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    expect(textOf(`/proc/${pid}/status`)).toMatch(/^CapEff:\t0000000000000000$/m);
    expect(textOf(`/proc/${pid}/mounts`)).toMatch(/^\S+ \/ \S+ ro,/m);
  });

  it('answers the health check of the image', async () => {
    const [pod] = await operatorPods();
    const [, ...command] = (await config()).Healthcheck.Test;
    const exec = (args: string[]) =>
      stage().kubectl.try(['exec', '-n', OPERATOR_NAMESPACE, pod!.metadata.name, '--', ...args]);
    expect(await exec(command)).toMatchObject({ code: 0 });
    const elsewhere = command.map((word) => word.replace(':8081/', ':8082/'));
    expect((await exec(elsewhere)).code).toBe(1);
  });

  it('fits into the memory that it asks for', async () => {
    for (const pod of await operatorPods()) {
      const resident = Number(/^VmRSS:\s+(\d+) kB$/m.exec(textOf(`/proc/${processOf(pod)}/status`))?.[1]) / 1024;
      console.log(`${pod.metadata.name}: ${resident.toFixed(0)} MiB resident`);
      expect(resident).toBeLessThan(192);
    }
  });

  it('starts sooner and in less memory than from its source', FULL, async () => {
    const { cluster, kubectl } = stage();
    const credentials = await OperatorCredentials.create(cluster, kubectl);
    const folder = mkdtempSync(join(tmpdir(), 'ado-bundle-'));
    const entries = { bundle: await bundleOperator(folder), source: join(ROOT, 'operator/src/cmd/operator.ts') };
    const costs = { bundle: [] as StartCost[], source: [] as StartCost[] };
    for (let turn = 0; turn < 3; turn++) {
      for (const name of ['bundle', 'source'] as const) {
        costs[name].push(await startCost(entries[name], credentials.path));
      }
    }
    credentials.remove();
    rmSync(folder, { recursive: true, force: true });
    const [bundle, source] = [median(costs.bundle), median(costs.source)];
    for (const [name, { seconds, mebibytes }] of Object.entries({ bundle, source })) {
      console.log(`${name}: acts after ${seconds.toFixed(2)} s, with ${mebibytes.toFixed(0)} MiB`);
    }
    expect(bundle.mebibytes).toBeLessThan(source.mebibytes * 0.8);
    expect(bundle.seconds).toBeLessThan(source.seconds);
  });
});
