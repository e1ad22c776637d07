import { PEER_VERSIONS } from '../../../cluster/build-plan.ts';
import type { KubeObject } from '../../../src/runtime/index.ts';
import { EXECUTOR, startExecutor } from './argo-executor.ts';
import { IMAGE, type Product, type Setting } from './product.ts';

const NAMESPACE = 'argo';
const CONFIGURATION = 'workflow-controller-configmap';

const TUNED: Setting = {
  text: '128 workflow workers, 32 pod-cleanup workers, qps 1000, burst 2000, DEFAULT_REQUEUE_TIME=1s',
  args: ['--workflow-workers=128', '--pod-cleanup-workers=32', '--qps=1000', '--burst=2000'],
  env: { DEFAULT_REQUEUE_TIME: '1s' },
};

interface ArgoWorkflow extends KubeObject {
  status?: { phase?: string; finishedAt?: string | null };
}

/**
 * Argo Workflows. Workflows carry their templates inline, which costs it least: a reference would be copied into every
 * status. Its minimal CRDs are those of its own releases.
 */
export const ARGO: Product = {
  name: 'argo',
  title: 'Argo Workflows',
  version: PEER_VERSIONS.argo,
  module: { folder: 'argo', path: 'github.com/argoproj/argo-workflows/v3' },
  binary: 'argo-controller',
  manifests: ['manifests/base/crds/minimal'],
  objects: [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'argo', namespace: NAMESPACE } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...EXECUTOR } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: CONFIGURATION, namespace: NAMESPACE } },
  ],
  account: { namespace: NAMESPACE, name: 'argo' },
  settings: {
    default: { text: 'defaults (32 workers, qps 20, burst 30, requeue 10 s)', args: [], env: {} },
    tuned: TUNED,
    requeue: { ...TUNED, text: `as tuned, but DEFAULT_REQUEUE_TIME=100ms`, env: { DEFAULT_REQUEUE_TIME: '100ms' } },
  },
  command: (kubeconfig) => ({
    args: [`--kubeconfig=${kubeconfig}`, `--namespace=${NAMESPACE}`],
    env: { LEADER_ELECTION_DISABLE: 'true' },
  }),
  watches: ['workflows', 'pods', 'workflowtaskresults'],
  runs: { group: 'argoproj.io', version: 'v1alpha1', plural: 'workflows', kind: 'Workflow', namespaced: true },
  runOf: (namespace, name, tasks) => {
    const steps = tasks.map(({ name, needs }) => ({ name, template: 'step', ...(needs && { dependencies: needs }) }));
    const container = { image: IMAGE, command: ['sh', '-c'], args: ['sleep 1'] };
    const templates = [
      { name: 'main', dag: { tasks: steps } },
      { name: 'step', container },
    ];
    const spec = { entrypoint: 'main', templates };
    return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Workflow', metadata: { name, namespace }, spec } as KubeObject;
  },
  endOf: ({ status }: ArgoWorkflow) => (status?.finishedAt ? status.phase : undefined),
  placeOf: ({ metadata }) => {
    const run = metadata.labels?.['workflows.argoproj.io/workflow'];
    const node = metadata.annotations?.['workflows.argoproj.io/node-name'];
    return run && node ? { run, task: node.slice(run.length + 1) } : undefined;
  },
  emulation: { account: EXECUTOR, start: startExecutor },
};
