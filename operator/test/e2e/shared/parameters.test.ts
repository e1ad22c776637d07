import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { IMAGE, type Manifest, script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf, type Scenario } from '../../support/scenario.ts';

useSharedOperator();

const configMap = (name: string, data: Record<string, string>): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
/** A workflow that hands on what its parameters are. */
const echo = workflow('echo', {
  parameters: [
    { name: 'env', enum: ['dev', 'prod'], default: 'dev' },
    { name: 'replicas', type: 'Integer', minimum: 1, maximum: 5, default: 1 },
    { name: 'tag', pattern: '^v[0-9]+$', default: 'v1' },
    { name: 'region', valueFrom: { configMapKeyRef: { name: 'cluster', key: 'region' } } },
    { name: 'zones', type: 'List', valueFrom: { configMapKeyRef: { name: 'cluster', key: 'zones' } }, default: ['z'] },
  ],
  tasks: [
    script('echo', 'printf "said=%s\\n" "$SAID" > $ADO_OUTPUTS', {
      env: {
        SAID: '${{ params.env + " " + string(params.replicas) + " " + params.tag + " " + params.region + " " + string(params.zones.size()) }}',
      },
      outputs: [{ name: 'said' }],
    }),
  ],
});
const said = async (scenario: Scenario, name: string) => outputsOf(await scenario.ended(name), 'echo')?.said;

describe('parameters', () => {
  it.concurrent('are read from a ConfigMap when a run starts, unless it gives them', async ({ scenario }) => {
    await scenario.given(configMap('cluster', { region: 'eu-1', zones: '["a","b"]' }), echo);
    await scenario.workflowIs('echo', 'True');
    await scenario.given(workflowRun('read', 'echo'), workflowRun('given', 'echo', { region: 'us-1', replicas: '5' }));
    expect(await said(scenario, 'read')).toBe('dev 1 v1 eu-1 2');
    expect(await said(scenario, 'given')).toBe('dev 5 v1 us-1 2');
    await scenario.given(configMap('cluster', { region: 'eu-2' }), workflowRun('later', 'echo'));
    expect(await said(scenario, 'later')).toBe('dev 1 v1 eu-2 1');
  });

  it.concurrent('keep a run waiting that needs a ConfigMap which is not there, and say which', async ({ scenario }) => {
    await scenario.given(echo, workflowRun('early', 'echo'));
    const waits = (reason: string, message: string) =>
      scenario.runIs('early', `waits for ${message}`, ({ status }) => {
        return status?.conditions?.some((each) => each.reason === reason && each.message.includes(message)) ?? false;
      });
    const remedy = 'create it, or set a value or a default for the parameter';
    const missing = `parameter "region": ConfigMap cluster not found in ${scenario.namespace}; ${remedy}`;
    await waits('ConfigMapNotFound', missing);
    await scenario.given(configMap('cluster', { region: 'eu-1' }));
    expect(await said(scenario, 'early')).toBe('dev 1 v1 eu-1 1');
  });

  it.concurrent('that suit neither enum, range nor pattern end the run, with what would', async ({ scenario }) => {
    await scenario.given(configMap('cluster', { region: 'eu-1' }), echo);
    await scenario.workflowIs('echo', 'True');
    const wrong = { enum: { env: 'qa' }, range: { replicas: '6' }, pattern: { tag: '1.0' } };
    for (const [name, values] of Object.entries(wrong)) await scenario.given(workflowRun(name, 'echo', values));
    const messages = await Promise.all(
      Object.keys(wrong).map(async (name) => conditionOf(await scenario.ended(name), 'Succeeded')),
    );
    expect(messages.map(({ reason }) => reason)).toEqual(Array(3).fill('InvalidParameters'));
    expect(messages.map(({ message }) => message)).toEqual([
      'spec.parameters: "env": "qa" is not one of its values: "dev", "prod"',
      'spec.parameters: "replicas": 6 is more than 5, its maximum',
      'spec.parameters: "tag": "1.0" does not match ^v[0-9]+$',
    ]);
  });

  it.concurrent('and outputs keep long whole numbers, and Strings their spelling, from pod to pod', async ({
    scenario,
  }) => {
    const definition = workflow('numbers', {
      parameters: [{ name: 'ids', type: 'List' }],
      tasks: [
        script('write', `echo '{"id": 1234567890123456789, "version": 1.10}' > $ADO_OUTPUTS`, {
          outputs: [{ name: 'id' }, { name: 'version' }],
        }),
        script('read', 'echo "said=$ID $VERSION $FIRST" > $ADO_OUTPUTS', {
          needs: ['write'],
          env: {
            ID: '${{ tasks.write.outputs.id }}',
            VERSION: '${{ tasks.write.outputs.version }}',
            FIRST: '${{ params.ids[0] }}',
          },
          outputs: [{ name: 'said' }],
        }),
      ],
    });
    await scenario.given(definition, workflowRun('kept', 'numbers', { ids: '[9007199254740993]' }));
    const run = await scenario.ended('kept');
    expect(outputsOf(run, 'read')?.said).toBe('1234567890123456789 1.10 9007199254740993');
  });

  it.concurrent('whose bounds make no sense keep their workflow from running', async ({ scenario }) => {
    const parameters = [{ name: 'size', type: 'Integer' as const, minimum: 5, maximum: 1, default: 3 }];
    await scenario.given(workflow('wrong', { parameters, tasks: [script('a', 'true')] }));
    const seen = await scenario.workflowIs('wrong', 'False');
    expect(conditionOf(seen, 'Ready').message).toContain('spec.parameters[0].minimum: minimum ');
  });

  it.concurrent('of the type Secret reach a task and its template, and nothing that is stored', async ({
    scenario,
  }) => {
    const run = 'case "$TOKEN" in hunt*2) ;; *) exit 1 ;; esac';
    const env = { TOKEN: '${{ params.token }}' };
    const definition = workflow('secret', {
      parameters: [{ name: 'token', type: 'Secret', default: 'db/password' }],
      templates: [
        {
          name: 'inner',
          parameters: [{ name: 'token', type: 'Secret' }],
          tasks: [script('in', run, { env, image: IMAGE })],
        },
      ],
      tasks: [
        script('out', run, { env }),
        { name: 'through', template: { name: 'inner' }, with: { token: '${{ params.token }}' } },
      ],
    });
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { password: 'hunter2' } };
    await scenario.given(secret, definition, workflowRun('secret', 'secret'));
    const { status } = await scenario.ended('secret');
    expect(status?.phase, JSON.stringify(status?.tasks)).toBe('Succeeded');
    const stored = [await scenario.runs(), await scenario.pods(), await scenario.journals()];
    expect(JSON.stringify(stored)).not.toContain('hunter2');
  });
});
