/** The client that tests read with: the production one without an access table, under a name of its own. */
import { KubeConfig } from '@kubernetes/client-node';
import { KubeClient } from '../../src/runtime/index.ts';
import { createMetrics, silentLogger } from '../../src/telemetry/index.ts';

export function clientOf(kubeconfig: string): KubeClient {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  return new KubeClient({ config, logger: silentLogger(), metrics: createMetrics(), component: 'ado-test' });
}
