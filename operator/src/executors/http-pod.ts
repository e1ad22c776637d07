import type {
  AttemptObservation,
  HttpAction,
  Json,
  RenderedHttp,
  RenderedTask,
  Task,
  TaskDefaults,
} from '../api/index.ts';
import type { StartRequest } from './executor.ts';

/** The program in the image of the operator that makes one request (cmd/http-task.ts), and how it ends. */
const COMMAND = ['/usr/bin/node', '/app/http-task.mjs'];
const EXIT_STATUS = 22;
const EXIT_FAILED = 23;

/** Settings of scripts and images that a request has no use for. */
const UNUSED = ['http', 'image', 'shell', 'env', 'envFrom', 'envValueFrom'] as const;

/** The start of a pod that makes the request of a task: its pod surface, and our image and program. */
export function podRequest(
  request: StartRequest<RenderedHttp>,
  { image, timeoutMs, allowedCidrs }: { image: string; timeoutMs: number; allowedCidrs: readonly string[] },
): StartRequest<RenderedTask> {
  const { task, defaults, rendered } = request;
  const { headersFrom = {}, method = 'GET', successCodes } = task.http ?? { url: '' };
  const secrets = Object.entries(headersFrom);
  const shows = task.failureMessage ?? defaults?.failureMessage ?? (secrets.length > 0 ? 'Withhold' : 'Show');
  const env = {
    ADO_HTTP_URL: rendered.url,
    ADO_HTTP_METHOD: method,
    ADO_HTTP_HEADERS: JSON.stringify(rendered.headers),
    ADO_HTTP_HEADERS_FROM: JSON.stringify(secrets.map(([header]) => header)),
    ADO_HTTP_TIMEOUT_MS: String(timeoutMs),
    ADO_HTTP_SHOWS_ANSWER: String(shows === 'Show'),
    ADO_HTTP_ALLOW_CIDRS: allowedCidrs.join(),
    ADO_HTTP_SUCCESS_CODES: (successCodes ?? []).join(),
    ...(rendered.body === undefined ? {} : { ADO_HTTP_BODY: rendered.body }),
  };
  const escaped = Object.entries(env).map(([name, value]) => [name, value.replaceAll('$', () => '$$')]);
  return {
    ...request,
    // Our own program says nothing that must not be shown, whatever its headers are.
    task: { ...without(task), container: { image }, envValueFrom: secretsOf(secrets), failureMessage: 'Show' } as Task,
    defaults: defaults && (without(defaults) as TaskDefaults),
    rendered: {
      backend: 'Pod',
      image,
      env: Object.fromEntries(escaped),
      command: COMMAND,
      args: undefined,
      script: undefined,
    },
  };
}

const secretsOf = (secrets: readonly [string, NonNullable<HttpAction['headersFrom']>[string]][]) =>
  Object.fromEntries(secrets.map(([, { secretKeyRef }], index) => [`ADO_HTTP_HEADER_${index}`, { secretKeyRef }]));

const without = (settings: Task | TaskDefaults): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => !UNUSED.some((unused) => unused === name)));

/** What was seen of the pod, in the words of a request. */
export function ofRequest(seen: AttemptObservation): AttemptObservation {
  if (seen.phase === 'Succeeded') {
    const outputs = objectOf(seen.message);
    return outputs ? { ...seen, message: '', outputs } : seen;
  }
  if (seen.phase !== 'Failed' || seen.reason !== 'ExitCode') return seen;
  const { exitCode, ...others } = seen;
  const reason = exitCode === EXIT_STATUS ? 'HttpStatus' : exitCode === EXIT_FAILED ? 'HttpFailed' : undefined;
  // The end of its log is then that of a program that broke off, which may quote the headers of the request.
  if (!reason) return { ...seen, message: `${seen.message.split(': ', 1)[0]}; see the pod's log` };
  return { ...others, reason, message: others.message.replace(/^the container ended with exit code \d+: /, '') };
}

function objectOf(text: string): { [name: string]: Json } | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
