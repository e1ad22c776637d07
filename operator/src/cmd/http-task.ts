import { writeFileSync } from 'node:fs';
import {
  AddressGuard,
  ask,
  describeStatus,
  isSuccess,
  outputsOf,
  WebError,
  type WebRequest,
  withoutSecrets,
} from '../web/index.ts';

/**
 * Entry point of the pod that makes the request of one task: reads the request from the environment, writes the outputs
 * to $ADO_OUTPUTS, and exits with 22 for a status outside of the success codes and with 23 without an answer.
 */
const EXIT_STATUS = 22;
const EXIT_FAILED = 23;

/** The headers with values of Secrets. A Secret from an editor ends with a newline, which headers must not contain. */
function secretHeaders(env: NodeJS.ProcessEnv): [name: string, value: string][] {
  const names = JSON.parse(env.ADO_HTTP_HEADERS_FROM ?? '[]') as string[];
  return names.map((name, index) => [name, (env[`ADO_HTTP_HEADER_${index}`] ?? '').trim()]);
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

function requestOf(env: NodeJS.ProcessEnv): WebRequest {
  return {
    url: env.ADO_HTTP_URL ?? '',
    method: METHODS.find((method) => method === env.ADO_HTTP_METHOD) ?? 'GET',
    headers: { ...JSON.parse(env.ADO_HTTP_HEADERS ?? '{}'), ...Object.fromEntries(secretHeaders(env)) },
    body: env.ADO_HTTP_BODY,
    timeoutMs: Number(env.ADO_HTTP_TIMEOUT_MS ?? 30_000),
  };
}

const listOf = (text = ''): string[] => text.split(',').filter((entry) => entry !== '');

async function main(env: NodeJS.ProcessEnv): Promise<{ code: number; text: string }> {
  const codes = listOf(env.ADO_HTTP_SUCCESS_CODES);
  const request = requestOf(env);
  try {
    const whole = await ask(request, { addresses: new AddressGuard('Pod', listOf(env.ADO_HTTP_ALLOW_CIDRS)) });
    const secrets = secretHeaders(env).map(([, value]) => value);
    const answer = withoutSecrets(whole, secrets);
    // An earlier operator version does not set it.
    const { ADO_HTTP_SHOWS_ANSWER: shows = String(secrets.length === 0) } = env;
    if (isSuccess(answer.status, codes.length > 0 ? codes.map(Number) : undefined)) {
      return { code: 0, text: JSON.stringify(outputsOf(answer)) };
    }
    return { code: EXIT_STATUS, text: describeStatus(request, answer, shows === 'true') };
  } catch (error) {
    if (!(error instanceof WebError)) throw error;
    return { code: EXIT_FAILED, text: error.message };
  }
}

const { code, text } = await main(process.env);
writeFileSync(process.env.ADO_OUTPUTS ?? '/dev/stdout', text);
process.exitCode = code;
