import { redact } from '../redaction/index.ts';
import { type IssuedKeys, type KeySource, renewing } from './access-keys.ts';
import type { S3Location } from './location.ts';
import { StoreError } from './store.ts';

/** What the libraries of AWS return. */
interface Issued {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiration?: Date | undefined;
}

/** Where a process gets keys for its own role. */
interface Provider {
  readonly name: string;
  /** What to look at when it fails. */
  readonly remedy: string;
  issue(): Promise<Issued>;
}

/** One request for keys, and all tries together. */
const REQUEST_MS = 2_000;
const LIMIT_MS = 20_000;
const MAX_REASON = 300;
/** The libraries would write to the console. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/**
 * Keys of this process's own role, for a store whose Secret has none. The environment says where they come from, and nothing
 * else is tried when that fails: a web identity (`AWS_WEB_IDENTITY_TOKEN_FILE`), the agent of the node for containers
 * (`AWS_CONTAINER_CREDENTIALS_FULL_URI`), or the metadata service of the instance.
 */
export function roleKeys({ region }: Pick<S3Location, 'region'>, env = process.env): KeySource {
  let provider: Promise<Provider> | undefined;
  return renewing(async () => {
    // Loaded when they are needed: most operators need none of them.
    provider ??= providerOf(env, region);
    return issueBy(await provider);
  });
}

function providerOf(env: NodeJS.ProcessEnv, region: string): Promise<Provider> {
  if (env.AWS_WEB_IDENTITY_TOKEN_FILE) return webIdentity(env, region);
  if (env.AWS_CONTAINER_CREDENTIALS_FULL_URI || env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI) return container();
  return instance(env);
}

async function webIdentity(env: NodeJS.ProcessEnv, region: string): Promise<Provider> {
  const { fromTokenFile } = await import('@aws-sdk/credential-provider-web-identity');
  const requestHandler = { connectionTimeout: REQUEST_MS, requestTimeout: 2 * REQUEST_MS };
  const clientConfig = { region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? region, requestHandler, logger: SILENT };
  return {
    name: 'the web identity of AWS_WEB_IDENTITY_TOKEN_FILE',
    remedy: 'check that the role in AWS_ROLE_ARN exists and trusts the service account',
    issue: fromTokenFile({ clientConfig, logger: SILENT }),
  };
}

async function container(): Promise<Provider> {
  const { fromHttp } = await import('@aws-sdk/credential-provider-http');
  return {
    name: 'the agent of AWS_CONTAINER_CREDENTIALS_FULL_URI',
    remedy: 'check the pod identity association of the service account',
    issue: async () => fromHttp({ timeout: REQUEST_MS, maxRetries: 2, logger: SILENT })(),
  };
}

async function instance(env: NodeJS.ProcessEnv): Promise<Provider> {
  const { fromInstanceMetadata } = await import('@smithy/credential-provider-imds');
  // Version 1 of the service answers whoever reaches it, without a token.
  const issue = fromInstanceMetadata({
    timeout: REQUEST_MS,
    maxRetries: 2,
    ec2MetadataV1Disabled: true,
    logger: SILENT,
  });
  return {
    name: 'the instance metadata service',
    remedy: 'put accessKey and secretKey into the Secret of the store, or give the service account or the node a role',
    issue: env.AWS_EC2_METADATA_DISABLED === 'true' ? () => Promise.reject(new Error('it is disabled')) : issue,
  };
}

/** @throws StoreError without keys and tokens in its message */
async function issueBy({ name, remedy, issue }: Provider): Promise<IssuedKeys> {
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await within(issue(), LIMIT_MS);
    const expiresAt = expiration?.getTime();
    return { accessKey: accessKeyId, secretKey: secretAccessKey, sessionToken, expiresAt };
  } catch (error) {
    throw new StoreError(`no keys for the store from ${name}: ${reasonOf(error)}; ${remedy}`);
  }
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // An error of the parser quotes the answer, which may hold keys.
  return /JSON/.test(text) ? 'the answer is not valid JSON' : redact(text).slice(0, MAX_REASON);
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
