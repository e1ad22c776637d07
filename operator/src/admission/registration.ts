import { ADMISSION_NAME } from '../api/index.ts';
import {
  isNotFound,
  type JsonPatchOperation,
  type KubeClient,
  type KubeObject,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  type ResourceType,
  SELF_SUBJECT_REVIEWS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '../runtime/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Material } from './material.ts';

interface ClientConfig {
  readonly caBundle?: string;
  readonly url?: string;
  readonly service?: { readonly path?: string };
}

interface Configuration extends KubeObject {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: ClientConfig;
    readonly matchConditions?: readonly { readonly expression: string }[];
  }[];
}

const CONFIGURATIONS: readonly ResourceType[] = [MUTATING_WEBHOOK_CONFIGURATIONS, VALIDATING_WEBHOOK_CONFIGURATIONS];

/**
 * Writes the CA bundle and the path of the webhook into the installed webhook configurations, and nothing else.
 * Resolves to whether both configurations are installed.
 * @throws ApiError ConnectionError
 */
export async function register(
  client: KubeClient,
  material: Material,
  self: string,
  logger: Logger,
  signal?: AbortSignal,
): Promise<boolean> {
  const found = await Promise.all(
    CONFIGURATIONS.map(async (type) => {
      const configuration = await read(client, type, signal);
      if (configuration === undefined) return false;
      warnOfStrangers(configuration, self, logger);
      const operations = registrations(configuration, material);
      if (operations.length > 0) {
        await client.patch(type, { name: ADMISSION_NAME }, { kind: 'json', operations }, { signal });
        logger.info({ configuration: type.kind }, 'the admission webhook is registered');
      }
      return true;
    }),
  );
  return found.every((isThere) => isThere);
}

/** The user name of this process, as the API server reports it. @throws ApiError ConnectionError */
export async function whoAmI(client: KubeClient, signal?: AbortSignal): Promise<string> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const asked = review as unknown as KubeObject;
  const { status } = await client.create<KubeObject & { status?: { userInfo?: { username?: string } } }>(
    SELF_SUBJECT_REVIEWS,
    { ...asked, metadata: {} as KubeObject['metadata'] },
    { signal },
  );
  return status?.userInfo?.username ?? '';
}

async function read(client: KubeClient, type: ResourceType, signal: AbortSignal | undefined) {
  try {
    return await client.get<Configuration>(type, { name: ADMISSION_NAME }, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * The writes that a configuration lacks. Each one tests that the webhook at its index is still the one that was read.
 */
export function registrations({ webhooks = [] }: Configuration, material: Material): JsonPatchOperation[] {
  const caBundle = Buffer.from(material.bundle.join('')).toString('base64');
  const path = material.paths[0]?.path ?? '/';
  return webhooks.flatMap(({ name, clientConfig }, index) => {
    const at = `/webhooks/${index}`;
    const writes: JsonPatchOperation[] = [];
    if (clientConfig.caBundle !== caBundle) {
      writes.push({ op: 'add', path: `${at}/clientConfig/caBundle`, value: caBundle });
    }
    if (clientConfig.service !== undefined && clientConfig.service.path !== path) {
      writes.push({ op: 'add', path: `${at}/clientConfig/service/path`, value: path });
    }
    const url = clientConfig.url === undefined ? undefined : new URL(path, clientConfig.url).href;
    if (url !== clientConfig.url) writes.push({ op: 'add', path: `${at}/clientConfig/url`, value: url });
    return writes.length === 0 ? [] : [{ op: 'test', path: `${at}/name`, value: name }, ...writes];
  });
}

/** Logs an error if the configuration does not exclude the operator's own writes, which the webhook would attest. */
function warnOfStrangers({ kind, webhooks = [] }: Configuration, self: string, logger: Logger): void {
  const knowsUs = webhooks.every(({ matchConditions = [] }) =>
    matchConditions.some(
      ({ expression }) => expression.includes(JSON.stringify(self)) || expression.includes(`'${self}'`),
    ),
  );
  if (knowsUs) return;
  logger.error(
    { configuration: kind, account: self },
    'the admission webhook configuration does not exclude the account of this operator; generate it for this account',
  );
}
