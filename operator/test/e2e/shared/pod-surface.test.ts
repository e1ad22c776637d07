import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf, rowOf } from '../../support/scenario.ts';

useSharedOperator();

const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

describe('the pod surface', () => {
  it.concurrent('hands Secrets and ConfigMaps to pods by reference, and nobody else ever reads the secret', async ({
    scenario,
  }) => {
    const password = 'correct-horse-battery-staple';
    const encoded = Buffer.from(password).toString('base64');
    await scenario.given(
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, stringData: { password, USER: 'ada' } },
      configMap('settings', { color: 'green' }),
      workflow('login', {
        defaults: { envValueFrom: { COLOR: { configMapKeyRef: { name: 'settings', key: 'color' } } } },
        tasks: [
          script(
            'login',
            'printf "length=%s\ncolor=%s\nuser=%s\nhost=%s\n" "${#PASSWORD}" "$COLOR" "$LOGIN_USER" "$HOST" > $ADO_OUTPUTS',
            {
              envValueFrom: {
                PASSWORD: { secretKeyRef: { name: 'login', key: 'password' } },
                HOST: { fieldRef: { fieldPath: 'metadata.namespace' } },
              },
              envFrom: [{ prefix: 'LOGIN_', secretRef: { name: 'login' } }],
              outputs: [{ name: 'length', type: 'Integer' }, { name: 'color' }, { name: 'user' }, { name: 'host' }],
            },
          ),
        ],
      }),
      workflowRun('login', 'login'),
    );
    const run = await scenario.ended('login');
    const outputs = { length: password.length, color: 'green', user: 'ada', host: scenario.namespace };
    expect(outputsOf(run, 'login')).toEqual(outputs);
    const objects = 'workflows,workflowruns,runjournals,controllerrevisions,pods,events,events.events.k8s.io';
    const seen = [await scenario.kubectl(['get', objects, '-o', 'json']), ...scenario.operator.log].join('\n');
    expect(seen).toContain('login');
    expect(seen).not.toContain(password);
    expect(seen).not.toContain(encoded);
  });

  it.concurrent('mounts volumes, sets users and resources, and takes the fields of a task over those of defaults', async ({
    scenario,
  }) => {
    await scenario.given(
      configMap('page', { 'index.html': 'hello' }),
      workflow('mounted', {
        defaults: {
          volumes: [{ name: 'page', configMap: { name: 'page' } }],
          volumeMounts: [{ name: 'page', mountPath: '/page', readOnly: true }],
          securityContext: { runAsUser: 1234, runAsGroup: 1234 },
          resources: { requests: { cpu: '10m' }, limits: { memory: '64Mi' } },
        },
        tasks: [
          {
            name: 'read',
            container: {
              command: ['sh'],
              args: ['-c', 'printf "text=%s\nuser=%s\n" "$(cat /page/index.html)" "$(id -u)" > $ADO_OUTPUTS'],
            },
            outputs: [{ name: 'text' }, { name: 'user', type: 'Integer' }],
          },
          script('other', 'touch /tmp/writable && ! touch /elsewhere && printf "user=%s" "$(id -u)" > $ADO_OUTPUTS', {
            securityContext: { runAsUser: 4321 },
            terminationGracePeriodSeconds: 1,
            outputs: [{ name: 'user', type: 'Integer' }],
          }),
        ],
      }),
      workflowRun('mounted', 'mounted'),
    );
    const run = await scenario.ended('mounted');
    expect(outputsOf(run, 'read')).toEqual({ text: 'hello', user: 1234 });
    expect(outputsOf(run, 'other')).toEqual({ user: 4321 });
    const pod = await scenario.podOf('other');
    expect(pod.spec).toMatchObject({
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsUser: 4321, runAsGroup: 1234, runAsNonRoot: true },
      containers: [{ resources: { requests: { cpu: '10m' }, limits: { memory: '64Mi' } } }],
    });
    expect(pod.spec.containers).toHaveLength(1);
  });

  it.concurrent('runs another interpreter and a container as it is', async ({ scenario }) => {
    await scenario.given(
      workflow('interpreters', {
        tasks: [
          script('awk', 'BEGIN { print "sum=" 40 + 2 > ENVIRON["ADO_OUTPUTS"] }', {
            shell: ['awk'],
            outputs: [{ name: 'sum', type: 'Integer' }],
          }),
          { name: 'plain', container: { image: 'busybox:1.36', command: ['true'] } },
        ],
      }),
      workflowRun('interpreters', 'interpreters'),
    );
    const run = await scenario.ended('interpreters');
    expect(outputsOf(run, 'awk')).toEqual({ sum: 42 });
    expect(rowOf(run, 'plain').phase).toBe('Succeeded');
  });

  it.concurrent('says Ready=False with the words of Pod Security when it refuses a pod, and starts no run of it', async ({
    scenario,
  }) => {
    const root = (securityContext: Record<string, unknown>) =>
      workflow('root', {
        triggers: { onChange: { of: ['Tasks'] } },
        tasks: [script('fine', 'true'), script('root', 'true', { securityContext })],
      });
    await scenario.given(root({ privileged: true }), workflowRun('never', 'root'));
    const refused = await scenario.workflowIs('root', 'False');
    const why = {
      reason: 'PodRefused',
      message: expect.stringMatching(/tasks\[1\].*violates PodSecurity.*privileged/),
    };
    expect(conditionOf(refused, 'Ready')).toMatchObject({ status: 'False', ...why });
    expect(conditionOf(refused, 'Stalled')).toMatchObject({ status: 'True', ...why });
    const waiting = await scenario.runIs('never', 'waits', ({ status }) => status?.phase === 'Pending');
    expect(conditionOf(waiting, 'Succeeded')).toMatchObject({ status: 'Unknown', reason: 'WorkflowNotReady' });
    expect(await scenario.pods()).toEqual([]);
    expect((await scenario.runs()).map(({ metadata }) => metadata.name)).toEqual(['never']);
    await scenario.given(root({ runAsUser: 7 }));
    await scenario.workflowIs('root', 'True');
    expect(conditionOf(await scenario.ended('never'), 'Succeeded').status).toBe('True');
  });
});
