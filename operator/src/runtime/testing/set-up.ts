import type { KubeConfig, User } from '@kubernetes/client-node';
import { createMetrics, type Logger, silentLogger } from '../../telemetry/index.ts';
import { type ClientOptions, KubeClient } from '../client.ts';
import { type Answer, FakeApiServer } from './fake-api-server.ts';

export interface Harness extends AsyncDisposable {
  readonly server: FakeApiServer;
  readonly client: KubeClient;
  readonly metrics: ReturnType<typeof createMetrics>;
}

export interface HarnessOptions extends Partial<Omit<ClientOptions, 'config' | 'logger' | 'metrics'>> {
  readonly user?: Partial<User>;
  readonly path?: string;
  readonly logger?: Logger;
  readonly configure?: (config: KubeConfig) => void;
}

/** A server that answers as told and a client that talks to it; `await using` ends both. */
export async function harness(answer: Answer, options: HarnessOptions = {}): Promise<Harness> {
  const { user, path, configure, logger, ...rest } = options;
  const server = await FakeApiServer.start(answer);
  const metrics = createMetrics({ process: false });
  const config = server.config(user, path);
  configure?.(config);
  const client = new KubeClient({ config, logger: logger ?? silentLogger(), metrics, version: '1.2.3', ...rest });
  const dispose = async () => {
    await client.close();
    await server.stop();
  };
  return { server, client, metrics, [Symbol.asyncDispose]: dispose };
}
