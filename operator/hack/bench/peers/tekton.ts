import { PEER_VERSIONS } from '../../../cluster/build-plan.ts';
import type { KubeObject } from '../../../src/runtime/index.ts';
import { IMAGE, type Product } from './product.ts';

const NAMESPACE = 'tekton-pipelines';
const CONFIGURATION = [
  'defaults',
  'events',
  'feature-flags',
  'leader-election-controller',
  'logging',
  'observability',
  'registry-cert',
  'spire',
  'tracing',
  'wait-exponential-backoff',
];
const FLAGS = 'feature-flags';

interface PipelineRun extends KubeObject {
  status?: { completionTime?: string; conditions?: { type: string; status: string; reason?: string }[] };
}

/**
 * Tekton Pipelines, without its webhook, and with pipelines and tasks inline: both save it requests, since nothing that
 * it writes is sent to a webhook, and no Pipeline or Task is read.
 */
export const TEKTON: Product = {
  name: 'tekton',
  title: 'Tekton Pipelines',
  version: PEER_VERSIONS.tekton,
  module: { folder: 'tekton', path: 'github.com/tektoncd/pipeline' },
  binary: 'tekton-controller',
  manifests: [
    'config/100-namespace/100-namespace.yaml',
    'config/200-serviceaccount.yaml',
    ...['customrun', 'pipeline', 'pipelinerun', 'resolutionrequest', 'stepaction', 'task', 'taskrun'].map(
      (kind) => `config/300-crds/300-${kind}.yaml`,
    ),
    'config/300-crds/300-verificationpolicy.yaml',
    ...CONFIGURATION.map((name) => `config/config-${name}.yaml`),
  ],
  objects: [],
  account: { namespace: NAMESPACE, name: 'tekton-pipelines-controller' },
  settings: {
    default: {
      text: 'defaults (2 threads, qps and burst unset: 20 and 20 in effect)',
      args: [],
      env: {},
      configuration: {
        name: FLAGS,
        data: { coschedule: 'workspaces', 'running-in-environment-with-injected-sidecars': 'true' },
      },
    },
    tuned: {
      text: '32 threads, qps 500, burst 1000 (doubled inside), coschedule disabled, injected sidecars false',
      args: ['-threads-per-controller=32', '-kube-api-qps=500', '-kube-api-burst=1000'],
      env: {},
      configuration: {
        name: FLAGS,
        data: { coschedule: 'disabled', 'running-in-environment-with-injected-sidecars': 'false' },
      },
    },
  },
  command: (kubeconfig, [probes = 0, metrics = 0, profiling = 0]) => ({
    args: [`-kubeconfig=${kubeconfig}`, '-disable-ha', ...images()],
    env: {
      SYSTEM_NAMESPACE: NAMESPACE,
      KUBERNETES_MIN_VERSION: 'v1.28.0',
      CONFIG_DEFAULTS_NAME: 'config-defaults',
      CONFIG_LOGGING_NAME: 'config-logging',
      CONFIG_OBSERVABILITY_NAME: 'config-observability',
      CONFIG_FEATURE_FLAGS_NAME: FLAGS,
      CONFIG_LEADERELECTION_NAME: 'config-leader-election-controller',
      CONFIG_SPIRE: 'config-spire',
      METRICS_DOMAIN: 'tekton.dev/pipeline',
      PROBES_PORT: String(probes),
      METRICS_PROMETHEUS_PORT: String(metrics),
      PROFILING_PORT: String(profiling),
    },
  }),
  watches: ['pipelineruns', 'taskruns', 'pods'],
  runs: { group: 'tekton.dev', version: 'v1', plural: 'pipelineruns', kind: 'PipelineRun', namespaced: true },
  runOf: (namespace, name, tasks) => {
    const taskSpec = { steps: [{ name: 'run', image: IMAGE, command: ['sh', '-c'], args: ['sleep 1'] }] };
    const steps = tasks.map(({ name, needs }) => ({ name, taskSpec, ...(needs && { runAfter: needs }) }));
    const spec = { pipelineSpec: { tasks: steps } };
    return { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata: { name, namespace }, spec } as KubeObject;
  },
  endOf: ({ status }: PipelineRun) => {
    if (!status?.completionTime) return undefined;
    const succeeded = status.conditions?.find(({ type }) => type === 'Succeeded');
    return succeeded?.status === 'True' ? 'Succeeded' : (succeeded?.reason ?? 'Failed');
  },
  placeOf: ({ metadata }) => {
    const run = metadata.labels?.['tekton.dev/pipelineRun'];
    const task = metadata.labels?.['tekton.dev/pipelineTask'];
    return run && task ? { run, task } : undefined;
  },
};

/** The controller wants to know the names of its images; on simulated nodes none is pulled. */
function images(): string[] {
  const image = (name: string) => `ghcr.io/tektoncd/pipeline/${name}:${PEER_VERSIONS.tekton}`;
  return [
    `-entrypoint-image=${image('entrypoint')}`,
    `-nop-image=${image('nop')}`,
    `-sidecarlogresults-image=${image('sidecarlogresults')}`,
    `-workingdirinit-image=${image('workingdirinit')}`,
    `-shell-image=${IMAGE}`,
    `-shell-image-win=${IMAGE}`,
  ];
}
