import type { Stores } from '../controllers/index.ts';
import { type AskForSecret, WEBHOOK_ACCESS, WORKFLOW_RUNS } from '../controllers/index.ts';
import { HookServer, RateLimits, Receiver, SecretReader } from '../hooks/index.ts';
import type { AccessRule, Clock, KubeClient } from '../runtime/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { OperatorConfig } from './config.ts';

interface Parts {
  /** Not fenced: every replica takes requests, and the name of a run is lock enough. */
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** What takes requests for webhooks, and what reads their secrets; nothing where there is no address for them. */
export function wireHooks(config: OperatorConfig, parts: Parts) {
  if (config.hooks === undefined) return undefined;
  const { client, clock, stores } = parts;
  const secrets = new SecretReader(client, clock);
  const { workflows, runs } = stores;
  const receiver = new Receiver({ ...parts, workflows, runs, type: WORKFLOW_RUNS, secrets, limits: new RateLimits() });
  const askForSecret: AskForSecret = async (namespace, refs) => {
    const read = await secrets.read(namespace, refs);
    return 'problem' in read ? read.problem : undefined;
  };
  return { server: new HookServer({ ...parts, ...config.hooks, receiver }), askForSecret };
}

/** What it may ask besides where it takes requests. */
export const hookAccess = ({ hooks }: OperatorConfig): readonly AccessRule[] => (hooks ? WEBHOOK_ACCESS : []);
