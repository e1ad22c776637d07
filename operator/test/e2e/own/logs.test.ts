import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import { loadProgramImage, PROGRAM_IMAGE } from '../../../hack/program-image.ts';
import { logStore, openStore, readLog } from '../../../src/artifacts/index.ts';
import { PODS } from '../../../src/runtime/index.ts';
import { it, stage, useOperator } from '../../support/e2e.ts';
import { CLUSTER_NAME } from '../../support/installation.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { ACCESS_KEY, S3Server, SECRET_KEY } from '../../support/s3-server.ts';
import type { Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

let server: S3Server;
const folder = mkdtempSync(join(tmpdir(), 'ado-store-'));
const storeOptions = { secretFolder: join(folder, 'secret'), volumeFolder: join(folder, 'volume') };

useOperator({
  flags: async ({ hostAddress }) => {
    await loadProgramImage(CLUSTER_NAME);
    server = await S3Server.start('0.0.0.0');
    mkdirSync(join(folder, 'secret'));
    writeFileSync(join(folder, 'secret/accessKey'), ACCESS_KEY);
    writeFileSync(join(folder, 'secret/secretKey'), SECRET_KEY);
    return [
      ...['--artifact-store', server.location('artifacts', hostAddress), '--artifact-image', PROGRAM_IMAGE],
      ...['--log-archive', server.location('logs'), '--store-folder', folder, '--log-redact', 'customer-\\d+'],
      ...['--artifact-sweep', '2s'],
    ];
  },
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const store = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'ado-artifacts' },
  stringData: { accessKey: ACCESS_KEY, secretKey: SECRET_KEY },
};

async function logOf(
  { namespace }: Scenario,
  runUid: string,
  path: string,
  attempt: number,
): Promise<string | undefined> {
  const objects = await openStore(server.location('logs'), storeOptions);
  return readLog(logStore(objects), { namespace, runUid, path, attempt });
}

describe('logs', () => {
  it.concurrent('are there when the pods are gone, of every attempt, and without secrets', async ({ scenario }) => {
    const say = 'echo "attempt $ADO_ATTEMPT of customer-17 with PASSWORD=hunter22"; test "$ADO_ATTEMPT" -ge 1';
    await scenario.given(
      workflow('talk', {
        retention: { pods: 'Delete' },
        tasks: [script('say', say, { forEach: { items: ['a'] }, retry: { limit: 1 } })],
      }),
      workflowRun('talk', 'talk'),
    );
    const run = await scenario.ended('talk');
    await scenario.until('the pods are gone', async () => (await scenario.pods()).length === 0);
    const uid = run.metadata.uid ?? '';
    const said = (attempt: number) => `attempt ${attempt} of [redacted] with PASSWORD=[redacted]\n`;
    expect(await logOf(scenario, uid, 'say[0]', 0)).toBe(said(0));
    expect(await logOf(scenario, uid, 'say[0]', 1)).toBe(said(1));
    const { text } = await stage().operator.get('/metrics');
    expect(Number(/ado_logs_archived_total\{result="Stored"\} (\d+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(2);
  });
});

describe('what a run leaves', () => {
  const left = (kind: string, { namespace }: Scenario, uid: string) =>
    existsSync(join(server.bucketFolder, kind, namespace, uid));

  it.concurrent(
    'is deleted after it, unless it is to be kept: artifacts by a pod, logs by the operator',
    FULL,
    async ({ scenario }) => {
      const task = script('make', 'echo made; echo x > /ado/artifacts/word', {
        artifacts: { outputs: [{ name: 'word' }] },
      });
      await scenario.given(
        store,
        workflow('leave', { tasks: [task] }),
        workflow('keep', { retention: { artifacts: { keep: 'Forever' } }, tasks: [task] }),
        workflowRun('leave', 'leave'),
        workflowRun('stay', 'leave'),
        workflowRun('keep', 'keep'),
      );
      const uids: Record<string, string> = {};
      for (const name of ['leave', 'stay', 'keep']) uids[name] = (await scenario.ended(name)).metadata.uid ?? '';
      const { leave = '', stay = '', keep = '' } = uids;
      await scenario.until('the logs are kept', async () =>
        Object.values(uids).every((uid) => left('logs', scenario, uid)),
      );
      expect(left('artifacts', scenario, leave)).toBe(true);
      await scenario.kubectl(['delete', 'workflowruns.flow.ado.dev', 'leave', 'keep']);
      await scenario.until('artifacts and logs of the run are gone', async () => {
        return !left('artifacts', scenario, leave) && !left('logs', scenario, leave);
      });
      expect(readdirSync(join(server.bucketFolder, 'artifacts', scenario.namespace)).sort()).toEqual(
        [stay, keep, 'cluster.json'].sort(),
      );
      for (const uid of [stay, keep]) expect(left('logs', scenario, uid)).toBe(true);
      await scenario.until('the pod that did it is gone', async () => {
        const { items } = await stage().client.list(PODS, { namespace: scenario.namespace });
        return !items.some(({ metadata }) => metadata.name === 'ado-artifact-sweep');
      });
    },
  );
});
