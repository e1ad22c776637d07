import { AdmissionWebhook, Definitions, ServedNamespaces, type ServedSettings } from '../admission/index.ts';
import { ADMISSION_NAME, type Workflow } from '../api/index.ts';
import { type Stores, WORKFLOWS } from '../controllers/index.ts';
import { Judging } from '../judging/index.ts';
import type { ProofKeys } from '../proofs/index.ts';
import { type Clock, isNotFound, type KubeClient } from '../runtime/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { OperatorConfig } from './config.ts';

interface Parts {
  /** Not fenced: every replica serves. */
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly keys: ProofKeys;
  /** How namespaces are watched. */
  readonly watching: ServedSettings;
}

/** The webhook, and the namespaces that must be synced before it answers. */
export interface Admission {
  readonly webhook: AdmissionWebhook;
  readonly served: ServedNamespaces;
}

/** Keeps answers within a second; the queue is short for the same reason. */
const JUDGING = { limitMs: 900, maxWaiting: 8 };

/** Well within the timeout of the webhook in the API server. */
const READ_MS = 3000;
/** Time for the readiness probe to fail, and for kube-proxy on every node to remove this replica. */
const LINGER_MS = 4000;

/** The admission webhook of this replica; undefined without an address. */
export function wireAdmission(config: OperatorConfig, { watching, ...parts }: Parts): Admission | undefined {
  if (config.admission === undefined) return undefined;
  const { client, stores } = parts;
  const { host, port, reachedAt, pathPeriodMs } = config.admission;
  const readWorkflow = (ref: { namespace: string; name: string }) =>
    client.get<Workflow>(WORKFLOWS, ref, { signal: AbortSignal.timeout(READ_MS) }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  const served = new ServedNamespaces(watching, config.exceptNamespaces);
  const webhook = new AdmissionWebhook({
    ...parts,
    left: served.left,
    pathPeriodMs,
    namespace: config.namespace,
    host,
    port,
    hosts: [reachedAt ?? `${ADMISSION_NAME}.${config.namespace}.svc`],
    judge: new Definitions({ stores, readWorkflow, judging: new Judging({ clock: parts.clock, ...JUDGING }) }),
    lingerMs: reachedAt === undefined ? LINGER_MS : 0,
  });
  return { webhook, served };
}
