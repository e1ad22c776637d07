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

/** The webhook, and what has to be known before it is asked. */
export interface Admission {
  readonly webhook: AdmissionWebhook;
  readonly served: ServedNamespaces;
}

/** The API server is answered within a second; many do not have to wait in line for that. */
const JUDGING = { limitMs: 900, maxWaiting: 8 };

/** Well within the time that the API server gives the webhook. */
const READ_MS = 3000;
/** Until the kubelet has asked whether this replica is ready, and kube-proxy on every node has heard that it is not. */
const LINGER_MS = 4000;

/** The admission webhook of this replica; nothing where there is no address for it. */
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
