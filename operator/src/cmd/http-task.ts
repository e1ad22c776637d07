import { writeFileSync } from 'node:fs';
import { AddressGuard, ask, describeStatus, isSuccess, outputsOf, WebError, type WebRequest } from '../web/index.ts';

/**
 * Entry point of the pod that makes the request of one task: reads it from the environment, writes what the answer hands
 * on to $ADO_OUTPUTS, and ends with 22 for a status that is no success and 23 where no answer came.
 */
const EXIT_STATUS = 22;
const EXIT_FAILED = 23;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

function requestOf(env: NodeJS.ProcessEnv): WebRequest {
  const names = JSON.parse(env.ADO_HTTP_HEADERS_FROM ?? '[]') as string[];
  // A Secret that was written by an editor ends with a newline, which no header may hold.
  const secrets = names.map((name, index) => [name, (env[`ADO_HTTP_HEADER_${index}`] ?? '').trim()]);
  return {
    url: env.ADO_HTTP_URL ?? '',
    method: METHODS.find((method) => method === env.ADO_HTTP_METHOD) ?? 'GET',
    headers: { ...JSON.parse(env.ADO_HTTP_HEADERS ?? '{}'), ...Object.fromEntries(secrets) },
    body: env.ADO_HTTP_BODY,
    timeoutMs: Number(env.ADO_HTTP_TIMEOUT_MS ?? 30_000),
  };
}

const listOf = (text = ''): string[] => text.split(',').filter((entry) => entry !== '');

async function main(env: NodeJS.ProcessEnv): Promise<{ code: number; text: string }> {
  const codes = listOf(env.ADO_HTTP_SUCCESS_CODES);
  const request = requestOf(env);
  try {
    const answer = await ask(request, { addresses: new AddressGuard('Pod', listOf(env.ADO_HTTP_ALLOW_CIDRS)) });
    if (isSuccess(answer.status, codes.length > 0 ? codes.map(Number) : undefined)) {
      return { code: 0, text: JSON.stringify(outputsOf(answer)) };
    }
    return { code: EXIT_STATUS, text: describeStatus(request, answer) };
  } catch (error) {
    if (!(error instanceof WebError)) throw error;
    return { code: EXIT_FAILED, text: error.message };
  }
}

const { code, text } = await main(process.env);
writeFileSync(process.env.ADO_OUTPUTS ?? '/dev/stdout', text);
process.exitCode = code;
