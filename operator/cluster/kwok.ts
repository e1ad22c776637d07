/** Simulated nodes: kwok simulates their kubelets with the stages in `kwok/`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient } from './api-client.ts';
import type { Start } from './control-plane.ts';
import { type ControlPlane, serverUrl } from './control-plane-flags.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { isReady, type NodeObject } from './node.ts';
import { nodeName } from './node-config.ts';
import { assertAlive, notInTime } from './processes.ts';
import { writeWhole } from './state.ts';
import { until } from './wait.ts';

const STAGES = join(import.meta.dirname, 'kwok');
const SIMULATED = 'kwok.x-k8s.io/node';
/** Concurrent requests that create nodes: hundreds take a second, without the load of a stress test. */
const AT_ONCE = 16;

export const simulatedName = (cluster: string, index: number): string => `${cluster}-simulated-${index}`;

/** A node without a machine. Pure. */
export function simulatedNode(cluster: string, index: number): unknown {
  const name = simulatedName(cluster, index);
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'flow.ado.dev/node': 'simulated',
    type: 'kwok',
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels, annotations: { [SIMULATED]: 'fake' } } };
}

/** kwok's own settings; its defaults would process four pods at a time. Pure. */
export function kwokConfig(address: string): unknown {
  return {
    apiVersion: 'config.kwok.x-k8s.io/v1alpha1',
    kind: 'KwokConfiguration',
    options: {
      manageNodesWithAnnotationSelector: `${SIMULATED}=fake`,
      cidr: '10.245.0.0/16',
      nodeIP: address,
      nodeLeaseDurationSeconds: 40,
      podPlayStageParallelism: 16,
      nodePlayStageParallelism: 16,
      nodeLeaseParallelism: 4,
      podsOnNodeSyncParallelism: 4,
    },
  };
}

/** All stages as one stream of YAML documents. */
export function stages(): string {
  return readdirSync(STAGES)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => readFileSync(join(STAGES, file), 'utf8'))
    .join('---\n');
}

/** Starts kwok and creates missing nodes; waits until all are Ready. */
export async function startSimulatedNodes(
  plane: ControlPlane,
  count: number,
  client: ApiClient,
  program: string,
  start: Start,
): Promise<void> {
  const config = (file: string) => join(plane.folder, 'config', file);
  writeKubeconfig(plane.folder, config('kwok.kubeconfig'), plane.name, serverUrl(plane), 'kwok');
  writeWhole(config('kwok.yaml'), `${JSON.stringify(kwokConfig(plane.address))}\n---\n${stages()}`);
  await start({
    name: 'kwok',
    program,
    args: [`--kubeconfig=${config('kwok.kubeconfig')}`, `--config=${config('kwok.yaml')}`],
  });
  await makeNodes(plane.name, count, client);
  if (plane.node) await markRealNode(plane.name, client);
  await until(
    async () => {
      assertAlive(plane.folder, 'kwok');
      return (await readyCount(client)) >= count ? true : undefined;
    },
    60_000,
    () => notInTime('The simulated nodes are not Ready after 60 s', plane.folder),
    100,
  );
}

async function makeNodes(cluster: string, count: number, client: ApiClient): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE) {
    const indexes = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, offset) => first + offset);
    const answers = await Promise.all(
      indexes.map((index) => client.send('POST', '/api/v1/nodes', simulatedNode(cluster, index))),
    );
    const refused = answers.find((answer) => answer.status !== 201 && answer.status !== 409);
    if (refused !== undefined) throw new Error(`cannot create a simulated node: ${refused.body.slice(0, 300)}`);
  }
}

/** Pods without a node selector run on simulated nodes; `flow.ado.dev/node: real` selects the real one. */
async function markRealNode(cluster: string, client: ApiClient): Promise<void> {
  const taint = { key: 'flow.ado.dev/node', value: 'real', effect: 'PreferNoSchedule' };
  const patch = { metadata: { labels: { 'flow.ado.dev/node': 'real' } }, spec: { taints: [taint] } };
  const type = 'application/strategic-merge-patch+json';
  const answer = await client.send('PATCH', `/api/v1/nodes/${nodeName(cluster)}`, patch, type);
  if (answer.status !== 200) throw new Error(`cannot taint the real node: ${answer.body.slice(0, 300)}`);
}

async function readyCount(client: ApiClient): Promise<number> {
  const answer = await client.send('GET', '/api/v1/nodes?labelSelector=flow.ado.dev%2Fnode%3Dsimulated');
  if (answer.status !== 200) return 0;
  return (JSON.parse(answer.body) as { items: NodeObject[] }).items.filter((node) => isReady(node)).length;
}
