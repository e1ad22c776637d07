import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Pod } from '../../../src/pods/index.ts';
import { it, stage, useSharedOperator } from '../../support/e2e.ts';
import { injectIntoPods, NO_IMAGE } from '../../support/injector.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf, rowOf, type Scenario } from '../../support/scenario.ts';

useSharedOperator();

let takeAway: () => Promise<void>;
beforeAll(async () => {
  takeAway = await injectIntoPods(stage());
});
afterAll(() => takeAway());

const injected = (what: string) => ({ podMetadata: { labels: { inject: what } }, terminationGracePeriodSeconds: 5 });

/** Checks that a pod has what was to be injected. */
async function isInjected(scenario: Scenario, path: string, name: string): Promise<Pod> {
  const pod = await scenario.podOf(path);
  const names = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((each) => each.name);
  expect(names).toContain(name);
  return pod;
}

const podIs = (scenario: Scenario, path: string, what: string, holds: (pod: Pod) => boolean) =>
  scenario.until(`the pod of ${path} ${what}`, async () => {
    const pod = await scenario.podOf(path);
    return holds(pod) && pod;
  });

describe('a sidecar that never ends', () => {
  it.concurrent('keeps neither the run nor the pod, whose log stays', async ({ scenario }) => {
    await scenario.given(
      workflow('meshed', {
        defaults: injected('proxy'),
        tasks: [
          script('good', 'echo "hello from the task"; echo n=1 > $ADO_OUTPUTS', { outputs: [{ name: 'n' }] }),
          script('bad', 'echo "no such table"; exit 3', { onFailure: 'Continue' }),
          script('after', 'true', { needs: ['good'] }),
        ],
      }),
      workflowRun('meshed', 'meshed'),
    );
    const run = await scenario.ended('meshed');
    await isInjected(scenario, 'good', 'proxy');
    expect(conditionOf(run, 'Succeeded').status).toBe('True');
    expect(outputsOf(run, 'good')).toEqual({ n: '1' });
    expect(rowOf(run, 'bad')).toMatchObject({ phase: 'Failed', reason: 'ExitCode', exitCode: 3 });
    expect(rowOf(run, 'bad').message).toContain('no such table');
    for (const path of ['good', 'bad', 'after']) {
      const ended = await podIs(scenario, path, 'has ended', ({ status }) =>
        /Failed|Succeeded/.test(status?.phase ?? ''),
      );
      expect(ended.metadata.annotations?.['flow.ado.dev/ended']).toContain('proxy kept running');
    }
    const { name } = (await scenario.podOf('good')).metadata;
    expect(await scenario.kubectl(['logs', name, '-c', 'main'])).toBe('hello from the task\n');
    expect(conditionOf(await scenario.run('meshed'), 'Succeeded').status).toBe('True');
  });

  it.concurrent('goes with its pod where pods are deleted', async ({ scenario }) => {
    await scenario.given(
      workflow('swept', {
        retention: { pods: 'Delete' },
        defaults: injected('proxy'),
        tasks: [script('only', 'true')],
      }),
      workflowRun('swept', 'swept'),
    );
    await scenario.ended('swept');
    await scenario.until('the pod is gone', async () => (await scenario.pods()).length === 0);
  });
});

describe('an init container that others put into the pod', () => {
  it.concurrent('and that fails is told as itself, once', async ({ scenario }) => {
    await scenario.given(
      workflow('failing', { defaults: injected('failing-init'), tasks: [script('only', 'true')] }),
      workflowRun('failing', 'failing'),
    );
    const run = await scenario.ended('failing');
    const row = rowOf(run, 'only');
    expect(row).toMatchObject({ phase: 'Failed', reason: 'InitContainerFailed' });
    expect(row.message).toMatch(/"mesh-init".* exit code 3.*: no iptables here/);
    expect(row.exitCode).toBeUndefined();
    expect(await scenario.pods()).toHaveLength(1);
  });

  it.concurrent('and that cannot be pulled is what the task waits for', async ({ scenario }) => {
    await scenario.given(
      workflow('unpullable', {
        defaults: injected('unpullable-init'),
        tasks: [script('only', 'true', { pendingTimeout: '30s' })],
      }),
      workflowRun('unpullable', 'unpullable'),
    );
    const row = await scenario.taskIs('unpullable', 'only', 'waits', ({ reason }) => reason === 'ImagePull');
    expect(row.message).toContain('"mesh-init"');
    expect(row.message).toContain(NO_IMAGE);
    const ended = rowOf(await scenario.ended('unpullable'), 'only');
    expect(ended).toMatchObject({ phase: 'Failed', reason: 'PendingTimeout' });
    expect(ended.message).toContain('mesh-init');
  });
});

describe('a volume of a Secret that is missing', () => {
  it.concurrent('is what the task waits for, and it goes on when the Secret is there', async ({ scenario }) => {
    await scenario.given(
      workflow('mounting', {
        tasks: [
          script('read', 'cat /certs/ca', {
            volumes: [{ name: 'certs', secret: { secretName: 'nowhere' } }],
            volumeMounts: [{ name: 'certs', mountPath: '/certs' }],
          }),
        ],
      }),
      workflowRun('mounting', 'mounting'),
    );
    const row = await scenario.taskIs('mounting', 'read', 'waits', ({ reason }) => reason === 'FailedMount');
    expect(row.message).toContain('secret "nowhere" not found');
    await scenario.given({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'nowhere' }, stringData: { ca: 'x' } });
    expect(rowOf(await scenario.ended('mounting'), 'read').phase).toBe('Succeeded');
  });
});

describe('the mistakes of a first script', () => {
  it.concurrent('are told as what they are', async ({ scenario }) => {
    await scenario.given(
      workflow('first', {
        tasks: [
          script('outputs', 'set -e; echo n=1 > $ADO_OUTPUT', { onFailure: 'Continue' }),
          script('write', 'set -e; echo x > /etc/x', { onFailure: 'Continue' }),
          script('owned', 'set -e; mkdir /mine', {
            onFailure: 'Continue',
            securityContext: { readOnlyRootFilesystem: false },
          }),
        ],
      }),
      workflowRun('first', 'first'),
    );
    const run = await scenario.ended('first');
    expect(rowOf(run, 'outputs').message).toContain('write outputs to $ADO_OUTPUTS, with a trailing S');
    expect(rowOf(run, 'write').message).toMatch(/Read-only file system.*write to \/tmp/);
    expect(rowOf(run, 'owned').message).toMatch(/Permission denied.*runs as user 65532/);
  });
});
