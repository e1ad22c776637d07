import type { Attests, Proves } from '../api/index.ts';
import {
  type AskForSecret,
  type Stores,
  tellOfTakenNames,
  WEBHOOK_ACCESS,
  WORKFLOW_RUNS,
} from '../controllers/index.ts';
import type { AccessRule, Clock, KubeClient, Recorder } from '../runtime/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { RateLimits, Receiver, SecretReader, type TellOfStrangers, WebhookServer } from '../webhooks/index.ts';
import type { OperatorConfig } from './config.ts';

interface Parts {
  /** Not fenced: every replica accepts requests, and the name of a run is the lock. */
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly attests: Attests;
  readonly proves: Proves;
  /** Not fenced either. */
  readonly recorder: Recorder;
}

/** The webhook server and the reader of its secrets; undefined without an address. */
export function wireHooks(config: OperatorConfig, parts: Parts) {
  if (config.hooks === undefined) return undefined;
  const { client, clock, stores, recorder } = parts;
  const secrets = new SecretReader(client, clock);
  const { workflows, runs } = stores;
  const tellOfStrangers: TellOfStrangers = (workflow, strangers, run) =>
    tellOfTakenNames(recorder, workflow, strangers, run);
  const limits = new RateLimits();
  const receiver = new Receiver({ ...parts, workflows, runs, type: WORKFLOW_RUNS, secrets, limits, tellOfStrangers });
  const askForSecret: AskForSecret = async (namespace, refs) => {
    const read = await secrets.read(namespace, refs);
    return 'problem' in read ? read.problem : undefined;
  };
  return { server: new WebhookServer({ ...parts, ...config.hooks, receiver }), askForSecret };
}

/** Further API access of an operator with a webhook address. */
export const hookAccess = ({ hooks }: OperatorConfig): readonly AccessRule[] => (hooks ? WEBHOOK_ACCESS : []);
