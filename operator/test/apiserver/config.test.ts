import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/cmd/config.ts';
import { type Output, ROOT, useEmptyApiServer } from '../support/control-plane.ts';

const api = useEmptyApiServer(import.meta.filename);
const APPLY = ['apply', '--server-side', '--validate=strict', '-k', join(ROOT, 'config/default')];

interface Applied {
  kind: string;
  metadata: { name: string; namespace?: string };
  spec: { template: { spec: { containers: Container[] } } };
}

interface Container {
  args: string[];
  ports: { name: string; containerPort: number }[];
  livenessProbe: { httpGet: { port: string } };
}

async function deployment(): Promise<Applied> {
  const text = await api.run(['get', 'deployment', 'ado-operator', '-n', 'ado-system', '-o', 'json']);
  return JSON.parse(text) as Applied;
}

describe('config/default on a real API server', () => {
  let first: Output;

  beforeAll(async () => {
    first = await api.kubectl(APPLY);
  });

  it('is taken as a whole, without a warning of Pod Security or anything else', () => {
    expect(first).toMatchObject({ code: 0, stderr: '' });
  });

  it('changes nothing when it is applied again', async () => {
    const before = await deployment();
    expect(await api.kubectl(APPLY)).toMatchObject({ code: 0, stderr: '' });
    expect(await deployment()).toEqual(before);
  });

  it('starts the operator with options that it knows, listening where the probes ask', async () => {
    const [container] = (await deployment()).spec.template.spec.containers;
    const config = readConfig(container?.args ?? [], { ADO_NAMESPACE: 'ado-system' });
    expect(config).toMatchObject({ healthHost: '0.0.0.0', namespace: 'ado-system', leaderElection: true });
    const port = container?.ports.find(({ name }) => name === container.livenessProbe.httpGet.port);
    expect(port?.containerPort).toBe(config.healthPort);
  });

  it('takes webhooks behind a Service where their component is added', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ado-config-'));
    const at = (path: string) => relative(folder, join(ROOT, path));
    const kustomization = { resources: [at('config/default')], components: [at('config/webhooks')] };
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    expect(await api.kubectl(['apply', '--server-side', '--validate=strict', '-k', folder])).toMatchObject({ code: 0 });
    rmSync(folder, { recursive: true });
    const [container] = (await deployment()).spec.template.spec.containers;
    const { hooks } = readConfig(container?.args ?? [], { ADO_NAMESPACE: 'ado-system' });
    expect(hooks?.host).toBe('0.0.0.0');
    const service = JSON.parse(await api.run(['get', 'service', 'ado-webhooks', '-n', 'ado-system', '-o', 'json']));
    const port = container?.ports.find(({ name }) => name === service.spec.ports[0].targetPort);
    expect(port?.containerPort).toBe(hooks?.port);
  });

  it.each([
    ['create', 'pods', 'shop', 'yes'],
    ['patch', 'workflowruns.flow.ado.dev/status', 'shop', 'yes'],
    ['update', 'leases.coordination.k8s.io', 'ado-system', 'yes'],
    ['update', 'leases.coordination.k8s.io', 'shop', 'no'],
    ['get', 'secrets', 'ado-system', 'no'],
    ['list', 'secrets', 'shop', 'no'],
    ['delete', 'workflows.flow.ado.dev', 'shop', 'no'],
    ['create', 'pods/exec', 'shop', 'no'],
    ['create', 'serviceaccounts/token', 'shop', 'no'],
    ['create', 'serviceaccounts/token', 'kube-system', 'no'],
  ])('lets the operator %s %s in %s: %s', async (verb, resource, namespace, answer) => {
    const [type = '', subresource] = resource.split('/');
    const flags = subresource ? [`--subresource=${subresource}`] : [];
    const as = '--as=system:serviceaccount:ado-system:ado-operator';
    const { stdout } = await api.kubectl(['auth', 'can-i', verb, type, ...flags, '-n', namespace, as]);
    expect(stdout.trim()).toBe(answer);
  });
});
