import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStore } from './open-store.ts';
import { roleKeys } from './role-keys.ts';
import { StoreError } from './store.ts';

/** What the server was asked, and how it answers: STS, the agent of a node, an instance, or S3. */
interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
type Answer = { status?: number; body: string; type?: string };

const TOKEN = 'header.of-the-pod.token';
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const VALID = () => new Date(Date.now() + 3_600_000).toISOString();
const REGION = { region: 'eu-west-1' };

let folder: string;
let server: Server;
let address: string;
let asked: Asked[];
let answer: (request: Asked) => Answer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ado-role-'));
  asked = [];
  answer = () => ({ status: 404, body: '' });
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url = '', headers } = request;
    const seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
    asked.push(seen);
    const { status = 200, body, type = 'application/json' } = answer(seen);
    response.writeHead(status, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  vi.stubEnv('HOME', folder);
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
  writeFileSync(join(folder, 'token'), TOKEN);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

function asWebIdentity(): void {
  vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', join(folder, 'token'));
  vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::111122223333:role/ado-logs');
  vi.stubEnv('AWS_ENDPOINT_URL_STS', address);
}

function asContainer(): void {
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${address}/v1/credentials`);
  vi.stubEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', join(folder, 'token'));
}

const asInstance = () => vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', address);

const xml = (result: string): Answer => ({ type: 'text/xml', body: result });
const fromSts = (key: string) =>
  xml(`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
    <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${key}</AccessKeyId>
    <SecretAccessKey>${SECRET}</SecretAccessKey><SessionToken>session</SessionToken><Expiration>${VALID()}</Expiration>
    </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`);
const asJson = (key: string): Answer => ({
  body: JSON.stringify({
    AccessKeyId: key,
    SecretAccessKey: SECRET,
    Token: 'session',
    Expiration: VALID(),
  }),
});

/** An instance with a role, as its metadata service answers. */
function metadata({ method, url }: Asked): Answer {
  if (method === 'PUT' && url === '/latest/api/token') return { body: 'imds-token' };
  if (url === '/latest/meta-data/iam/security-credentials/') return { body: 'node-role' };
  return asJson('ASIAINSTANCE');
}

const failureOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => new Error('no failure'),
    (error: Error) => error,
  );

describe('the keys of a role', () => {
  it('come from STS, for the token that the service account has at that moment', async () => {
    asWebIdentity();
    answer = () => fromSts('ASIAWEBIDENTITY');
    const keys = await roleKeys(REGION)();
    expect(keys).toMatchObject({ accessKey: 'ASIAWEBIDENTITY', secretKey: SECRET, sessionToken: 'session' });
    const form = new URLSearchParams(asked[0]?.body);
    expect(form.get('Action')).toBe('AssumeRoleWithWebIdentity');
    expect(form.get('WebIdentityToken')).toBe(TOKEN);
    expect(asked[0]?.headers.authorization).toBeUndefined();

    writeFileSync(join(folder, 'token'), 'another.token');
    await roleKeys(REGION)();
    expect(new URLSearchParams(asked[1]?.body).get('WebIdentityToken')).toBe('another.token');
  });

  it('come from the agent of the node, which is shown the token of the pod', async () => {
    asContainer();
    answer = () => asJson('ASIACONTAINER');
    expect(await roleKeys(REGION)()).toMatchObject({ accessKey: 'ASIACONTAINER', sessionToken: 'session' });
    expect(asked).toMatchObject([{ url: '/v1/credentials', headers: { authorization: TOKEN } }]);
  });

  it('come from the metadata of the instance, by version 2 of its service', async () => {
    asInstance();
    answer = metadata;
    expect(await roleKeys(REGION)()).toMatchObject({ accessKey: 'ASIAINSTANCE' });
    expect(asked.slice(1).every(({ headers }) => headers['x-aws-ec2-metadata-token'] === 'imds-token')).toBe(true);
  });

  it('do not come from version 1 of that service', async () => {
    asInstance();
    answer = (request) => (request.method === 'PUT' ? { status: 403, body: '' } : metadata(request));
    await expect(roleKeys(REGION)()).rejects.toThrow(/instance metadata service: .*; put accessKey and secretKey/);
    expect(asked.some(({ url }) => url.includes('security-credentials'))).toBe(false);
  });

  it('are those of the pod or none: a node does not lend its own where they are refused', async () => {
    asWebIdentity();
    asInstance();
    answer = (request) =>
      request.url.startsWith('/latest')
        ? metadata(request)
        : {
            status: 403,
            ...xml('<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>'),
          };
    await expect(roleKeys(REGION)()).rejects.toThrow(StoreError);
    expect(asked.some(({ url }) => url.startsWith('/latest'))).toBe(false);
  });

  it('are not asked for where the metadata service is disabled', async () => {
    asInstance();
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    await expect(roleKeys(REGION)()).rejects.toThrow('it is disabled');
    expect(asked).toEqual([]);
  });

  it.each([
    [
      'STS',
      asWebIdentity,
      (text: string) =>
        xml(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>${text}</Message></Error></ErrorResponse>`),
    ],
    ['the agent', asContainer, (text: string) => ({ body: JSON.stringify({ Code: 'Denied', Message: text }) })],
  ])('are part of no message, whatever %s answers', async (_who, as, body) => {
    as();
    answer = () => ({ status: 403, ...body(`token=${TOKEN} secret_access_key=${SECRET} AKIAIOSFODNN7EXAMPLE`) });
    const written = vi.spyOn(console, 'warn');
    const error = await failureOf(roleKeys(REGION)());
    expect(error).toBeInstanceOf(StoreError);
    expect(error.cause).toBeUndefined();
    for (const secret of [TOKEN, SECRET, 'AKIAIOSFODNN7EXAMPLE']) expect(error.message).not.toContain(secret);
    expect(written).not.toHaveBeenCalled();
  });

  it('are part of no message where an answer holds them and is not what it should be', async () => {
    asContainer();
    answer = () => ({ body: `{"SecretAccessKey":"${SECRET}" broken` });
    const { message } = await failureOf(roleKeys(REGION)());
    expect(message).toContain('from the agent of AWS_CONTAINER_CREDENTIALS_FULL_URI: the answer is not valid JSON;');
    expect(message).not.toContain('EXAMPLEKEY');
  });
});

describe('a store without keys in its Secret', () => {
  const options = () => ({ secretFolder: folder, volumeFolder: folder });
  const location = () => `s3://shelf/logs?endpoint=${address}`;

  it('is opened with the keys of the role, which sign its requests', async () => {
    asContainer();
    answer = ({ url }) => (url.startsWith('/v1') ? asJson('ASIACONTAINER') : { body: '' });
    const store = await openStore(location(), { ...options(), otherwise: roleKeys });
    await store.delete('key');
    await store.delete('key');
    expect(asked.map(({ url }) => url)).toEqual(['/v1/credentials', '/shelf/logs/key', '/shelf/logs/key']);
    expect(asked[1]?.headers.authorization).toContain('Credential=ASIACONTAINER/');
    expect(asked[1]?.headers['x-amz-security-token']).toBe('session');
  });

  it('says where its keys were looked for, once, and sends no request without them', async () => {
    asContainer();
    answer = () => ({ status: 500, body: '' });
    const store = await openStore(location(), { ...options(), otherwise: roleKeys });
    await expect(store.delete('key')).rejects.toThrow(
      /no keys for the store from the agent of .*; check the pod identity/,
    );
    expect(asked.every(({ url }) => url === '/v1/credentials')).toBe(true);
  });

  it('is not opened in the pods of tasks, which use no role', async () => {
    asContainer();
    await expect(openStore(location(), options())).rejects.toThrow('must hold accessKey and secretKey');
  });

  it.each(['accessKey', 'secretKey'])('is not opened where %s is its only one', async (name) => {
    asContainer();
    writeFileSync(join(folder, name), 'x');
    await expect(openStore(location(), { ...options(), otherwise: roleKeys })).rejects.toThrow(
      'must hold accessKey and secretKey',
    );
    expect(asked).toEqual([]);
  });

  it('has its own where the Secret holds them, whatever the environment says', async () => {
    asContainer();
    writeFileSync(join(folder, 'accessKey'), 'STATIC');
    writeFileSync(join(folder, 'secretKey'), 'x');
    answer = () => ({ body: '' });
    const store = await openStore(location(), { ...options(), otherwise: roleKeys });
    await store.delete('key');
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([expect.stringContaining('Credential=STATIC/')]);
  });
});
