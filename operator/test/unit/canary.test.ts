import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  API_VERSION,
  type AttemptObservation,
  type Definition,
  LABEL_RUN_UID,
  objectKey,
  type RenderedHttp,
  type RenderedTask,
  type Task,
  task as taskSchema,
  type WorkflowRun,
} from '../../src/api/index.ts';
import { buildStatus } from '../../src/controllers/workflow-run/report/status.ts';
import { accept, attemptKey, decide, digestOf, plan } from '../../src/engine/index.ts';
import { HttpExecutor, PODS_BY_RUN_UID, PodExecutor, ResourceExecutor } from '../../src/executors/index.ts';
import { FakeObjects, movableClock } from '../../src/executors/testing/fake-objects.ts';
import { identities } from '../../src/executors/testing/proving.ts';
import { buildPod, type Pod, type PodStatus, podName, trimPod } from '../../src/pods/index.ts';
import { ApiError, Store } from '../../src/runtime/index.ts';
import { createLogger } from '../../src/telemetry/index.ts';
import { HostList, type WebAnswer, WebError } from '../../src/web/index.ts';

/** What nobody could tell from any other word: it may come out of no task that reads secrets. */
const WORD = 'kanarienvogel';
/** What anybody can tell: it may come out of nothing. Of the half of it is asked, since texts are cut. */
const HALF = 'c4n4rY';
const TOKEN = `ghp_${HALF.repeat(6)}`;

const RUN = { name: 'run', namespace: 'shop', uid: 'u-1', workflow: 'release' };
const ATTEMPT = { path: 't', attempt: 0 };
const NOW = Date.parse('2026-03-01T10:01:00Z');

/** Whatever becomes of an attempt of which this was seen: history, state, rows, conditions. The Event is a condition's text. */
function toldOf(task: Task, seen: AttemptObservation): string {
  const definition: Definition = { defaults: { image: 'busybox' }, tasks: [task] };
  const compiled = plan(definition, digestOf(definition));
  const first = accept(compiled.digest, {}, NOW - 60_000);
  const begun = decide(RUN, compiled, first.state, { desiredState: 'Running', attempts: new Map() }, NOW - 60_000);
  const observed = { desiredState: 'Running' as const, attempts: new Map([[attemptKey('t', 0), seen]]) };
  const next = decide(RUN, compiled, begun.state, observed, NOW);
  const run: WorkflowRun = {
    apiVersion: API_VERSION,
    kind: 'WorkflowRun',
    metadata: RUN,
    spec: { workflowRef: { name: RUN.workflow }, desiredState: 'Running' },
  };
  const journal = { firstSeq: 0, pages: 0, tail: next.encoded.join() };
  return JSON.stringify([seen.phase, buildStatus(run, 'r', compiled, next.state, journal, observed, NOW)]);
}

const TIMES = { startedAt: '2026-03-01T10:00:00Z', finishedAt: '2026-03-01T10:00:30Z' };
const main = (state: NonNullable<PodStatus['containerStatuses']>[number]['state'] = {}): PodStatus => ({
  containerStatuses: [{ name: 'main', state }],
});
const ended = (exitCode: number, message: string, reason = 'Error'): PodStatus => ({
  phase: exitCode === 0 ? 'Succeeded' : 'Failed',
  ...main({ terminated: { exitCode, message, reason, ...TIMES } }),
});
const beside = (name: string, message: string, status: PodStatus): PodStatus => ({
  ...status,
  initContainerStatuses: [{ name, state: { terminated: { exitCode: 1, message, reason: 'Error', ...TIMES } } }],
});
const condition = (type: string, status: string, message: string): PodStatus => ({
  phase: 'Failed',
  conditions: [{ type, status, reason: 'EvictionByEvictionAPI', message }],
});

/** Where the container of a task speaks, or the kubelet quotes it. */
const BY_CONTAINER: Readonly<Record<string, (text: string) => PodStatus>> = {
  'its last words': (text) => ended(1, text),
  'its last words, with an exit code that has a meaning': (text) => ended(137, text),
  'a command that cannot be started': (text) => ended(128, text, 'StartError'),
  'outputs that are no outputs': (text) => ended(0, `${text}\n`),
  'outputs that are not declared': (text) => ended(0, `${text}=1`),
  'outputs of the wrong type': (text) => ended(0, `count=${text}`),
  'outputs in JSON of the wrong type': (text) => ended(0, JSON.stringify({ count: [text] })),
  'JSON that is none': (text) => ended(0, `{${text}`),
  'a container that cannot be made': (text) => ({
    phase: 'Pending',
    ...main({ waiting: { reason: 'CreateContainerError', message: text } }),
  }),
  'a container that cannot be run': (text) => ({
    phase: 'Pending',
    ...main({ waiting: { reason: 'RunContainerError', message: text } }),
  }),
};
/** Where others speak: the kubelet, the scheduler, whoever evicts, and our own programs beside the task. */
const BY_OTHERS: Readonly<Record<string, (text: string) => PodStatus>> = {
  'an image that cannot be pulled': (text) => ({
    phase: 'Pending',
    ...main({ waiting: { reason: 'ErrImagePull', message: text } }),
  }),
  'a container that was lost': (text) => ended(137, text, 'ContainerStatusUnknown'),
  'the end of a pod': (text) => ({ phase: 'Failed', reason: 'Evicted', message: text }),
  'a limit of time': (text) => ({ phase: 'Failed', reason: 'DeadlineExceeded', message: text }),
  'an eviction': (text) => condition('DisruptionTarget', 'True', text),
  'a place that is not found': (text) => ({ ...condition('PodScheduled', 'False', text), phase: 'Pending' }),
  'artifacts that cannot be fetched': (text) => beside('ado-fetch', text, { phase: 'Failed' }),
  'artifacts that cannot be stored': (text) => beside('ado-push', text, ended(0, '')),
};

const REF = { name: 's', key: 'k' };
const SURFACES: readonly [what: string, task: Partial<Task>, rendered?: Partial<RenderedTask>][] = [
  ['a variable', { envValueFrom: { A: { secretKeyRef: REF } } }],
  ['all of a Secret as variables', { envFrom: [{ secretRef: { name: 's' } }] }],
  ['a parameter of the type Secret', {}, { secretEnv: { A: REF } }],
  ['a volume', volume({ secret: { secretName: 's' } })],
  ['a projected volume', volume({ projected: { sources: [{ configMap: {} }, { secret: { name: 's' } }] } })],
  ['a volume of a driver', volume({ csi: { driver: 'secrets-store.csi.k8s.io' } })],
  ['nothing that we see, and says so', { failureMessage: 'Withhold' }],
];

function volume(source: object): Partial<Task> {
  return { volumes: [{ name: 'v', ...source }], volumeMounts: [{ name: 'v', mountPath: '/v' }] };
}

const scriptOf = (more: Partial<Task> = {}): Task =>
  taskSchema.parse({ name: 't', run: 'true', outputs: [{ name: 'count', type: 'Integer' }], ...more });

function podOf(task: Task, status: PodStatus, rendered: Partial<RenderedTask> = {}): Pod {
  const proof = identities().proofOf('Pod', podName(RUN.name, RUN.uid, 't', 0), RUN, ATTEMPT);
  const script: RenderedTask = {
    backend: 'Pod',
    image: 'i',
    env: {},
    command: undefined,
    args: undefined,
    script: 'x',
  };
  const pod = buildPod({
    run: RUN,
    task,
    defaults: undefined,
    ...ATTEMPT,
    rendered: { ...script, ...rendered },
    proof,
  });
  const metadata = { ...pod.metadata, uid: 'p-1', creationTimestamp: '2026-03-01T10:00:00Z' };
  return { ...pod, metadata, spec: { ...pod.spec, nodeName: 'node-1' }, status };
}

/** What the executor of pods says of one: once as the watch has put it into the cache, and once by a live read. */
async function seenOfPod(task: Task, pod: Pod): Promise<AttemptObservation[]> {
  const lookup = async (cached: boolean) => {
    const server = new FakeObjects();
    const pods = new Store<Pod>({
      indexes: { [PODS_BY_RUN_UID]: (it) => [it.metadata.labels?.[LABEL_RUN_UID] ?? ''] },
    });
    const key = objectKey(pod.metadata);
    const value = trimPod(structuredClone(pod));
    if (cached) pods.put({ key, uid: 'p-1', resourceVersion: '1', value });
    else server.objects.set(key, structuredClone(pod) as never);
    const clock = movableClock();
    const executor = new PodExecutor({
      client: server.client,
      pods,
      clock,
      identities: identities(),
      deletes: () => false,
    });
    const { seen } = await executor.observe(RUN, [{ ...ATTEMPT, backend: 'Pod', task } as never]);
    return seen.map(({ observation }) => observation);
  };
  return [...(await lookup(true)), ...(await lookup(false))];
}

describe('a task that reads secrets', () => {
  it.each(SURFACES)('tells nothing of them, whatever it writes and wherever: by %s', async (_what, more, rendered) => {
    for (const [place, status] of Object.entries(BY_CONTAINER)) {
      const task = scriptOf(more);
      const seen = await seenOfPod(task, podOf(task, status(`the ${WORD} sings`), rendered));
      expect(seen).toHaveLength(2);
      for (const each of seen) {
        expect(each.phase, place).toMatch(/Succeeded|Failed|Pending/);
        expect(toldOf(task, each), place).not.toContain(WORD);
        expect(toldOf({ ...task, retry: { limit: 2 } }, each), place).not.toContain(WORD);
      }
    }
  });

  it('tells how it ended, and where to look', async () => {
    const task = scriptOf({ envFrom: [{ secretRef: { name: 's' } }] });
    for (const seen of await seenOfPod(task, podOf(task, ended(3, WORD)))) {
      expect(seen).toMatchObject({ phase: 'Failed', reason: 'ExitCode', exitCode: 3 });
      expect(seen).toHaveProperty(
        'message',
        "the container ended with exit code 3: the message is withheld because the task reads secrets; see the pod's log, or set failureMessage: Show",
      );
    }
  });

  it('tells what it writes if it says so, but for what looks like a secret', async () => {
    const task = scriptOf({ envFrom: [{ secretRef: { name: 's' } }], failureMessage: 'Show' });
    for (const seen of await seenOfPod(task, podOf(task, ended(3, `the ${WORD} has ${TOKEN}`)))) {
      expect(seen).toHaveProperty('message', `the container ended with exit code 3: the ${WORD} has [redacted]`);
    }
  });

  it('hands on its outputs as it wrote them', async () => {
    const task = scriptOf({ envFrom: [{ secretRef: { name: 's' } }], outputs: [{ name: 'word' }] });
    for (const seen of await seenOfPod(task, podOf(task, ended(0, `word=${TOKEN}`)))) {
      expect(toldOf(task, seen)).toContain(TOKEN);
    }
  });

  it('is one that sees them: what pulls its image, or a volume that it does not mount, is none', async () => {
    const task = scriptOf({ imagePullSecrets: [{ name: 's' }], volumes: [{ name: 'v', secret: { secretName: 's' } }] });
    for (const seen of await seenOfPod(task, podOf(task, ended(3, WORD)))) expect(toldOf(task, seen)).toContain(WORD);
  });
});

describe('a task that reads none', () => {
  it.each(Object.entries({ ...BY_CONTAINER, ...BY_OTHERS }))('tells no token: in %s', async (_place, status) => {
    const task = scriptOf();
    for (const text of [`failed with ${TOKEN}`, `${'x '.repeat(35)}${TOKEN}`, `${TOKEN}${' x'.repeat(180)}`]) {
      for (const seen of await seenOfPod(task, podOf(task, status(text)))) {
        expect(toldOf(task, seen)).not.toContain(HALF);
        expect(toldOf({ ...task, retry: { limit: 2 } }, seen)).not.toContain(HALF);
      }
    }
  });
});

/** What the executor of requests says of the answer of a server, or of none. */
async function seenOfAnswer(task: Task, given: Partial<WebAnswer> | Error): Promise<AttemptObservation | undefined> {
  const answer = { status: 500, contentType: 'text/plain', body: Buffer.from(''), isWhole: true, ...given };
  const executor = new HttpExecutor({
    pods: new PodExecutor({
      ...{ client: new FakeObjects().client, clock: movableClock(), identities: identities(), deletes: () => false },
      pods: new Store<Pod>({ indexes: { [PODS_BY_RUN_UID]: () => [] } }),
    }),
    hosts: new HostList(['a.example']),
    ask: async () => {
      if (given instanceof Error) throw given;
      return answer;
    },
    ...{ image: '', allowedCidrs: [], clock: movableClock(), wake: () => undefined },
  });
  const rendered: RenderedHttp = { backend: 'Http', url: 'https://a.example/x', headers: {}, body: undefined };
  const request = { ...ATTEMPT, task, defaults: undefined, rendered };
  await executor.start(RUN, request);
  await new Promise((resolve) => setImmediate(resolve));
  return (await executor.observe(RUN, [{ ...request, backend: 'Http' }])).seen[0]?.observation;
}

describe('a request', () => {
  const task: Task = { name: 't', http: { url: 'https://a.example/x' } };

  it.each([
    ['an answer', { body: Buffer.from(`no: ${TOKEN}`) }],
    ['an answer that is cut in the midst of it', { body: Buffer.from(`${'x'.repeat(175)} ${TOKEN}`) }],
    ['a redirect', { status: 302, location: `https://b.example/?t=${TOKEN}` }],
    ['no answer', new WebError('HttpFailed', `no answer: ${TOKEN}`)],
    ['an error that nobody thought of', new Error(TOKEN)],
  ])('tells no token of %s', async (_what, given) => {
    const seen = await seenOfAnswer(task, given);
    expect(seen).toMatchObject({ phase: 'Failed' });
    expect(toldOf(task, seen as AttemptObservation)).not.toContain(HALF);
  });

  it('tells nothing of an answer where the task says so', async () => {
    const quiet: Task = { ...task, failureMessage: 'Withhold' };
    const seen = await seenOfAnswer(quiet, { body: Buffer.from(WORD) });
    expect(JSON.stringify(seen)).toContain('answered 500: the answer is withheld');
    expect(toldOf(quiet, seen as AttemptObservation)).not.toContain(WORD);
  });
});

/** What the program in the pod of a request writes, when the server tells back what it was sent. */
async function programWrites(status: number, shows: boolean): Promise<string> {
  const tell = ({ headers }: IncomingMessage) => JSON.stringify({ you: headers.authorization, key: headers['x-key'] });
  const server = createServer((request, response) => response.writeHead(status).end(tell(request)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const outputs = join(mkdtempSync(join(tmpdir(), 'ado-canary-')), 'outputs');
  const { port } = server.address() as AddressInfo;
  const env = {
    ...{ ADO_OUTPUTS: outputs, ADO_HTTP_URL: `http://127.0.0.1:${port}/x`, ADO_HTTP_ALLOW_CIDRS: '127.0.0.0/8' },
    ...{ ADO_HTTP_HEADERS_FROM: '["Authorization","X-Key"]', ADO_HTTP_SHOWS_ANSWER: String(shows) },
    ...{ ADO_HTTP_HEADER_0: `Bearer ${WORD}\n`, ADO_HTTP_HEADER_1: `a "${WORD}"` },
  };
  const program = join(import.meta.dirname, '../../src/cmd/http-task.ts');
  const child = spawn(process.execPath, [program], { env, stdio: 'inherit' });
  await once(child, 'exit');
  server.close();
  return readFileSync(outputs, 'utf8');
}

describe('the program that makes a request with secret headers', () => {
  it('hands on no header that the server tells back', async () => {
    const written = await programWrites(200, false);
    expect(written).toContain('[redacted]');
    expect(written).not.toContain(WORD);
  });

  it('tells of an answer that is no success what the task lets it tell, but no header', async () => {
    const shown = await programWrites(403, true);
    expect(shown).toMatch(/answered 403: \{"you"/);
    expect(shown).not.toContain(WORD);
  });
});

describe('a task that applies an object', () => {
  const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } };
  const resource = { manifest, outputs: { x: 'object.x' } };
  const task: Task = { name: 't', resource };

  function setUp(said: string) {
    const server = new FakeObjects();
    server.raw.set('/api/v1', { resources: [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true }] });
    const evaluate = () => {
      throw new Error(said);
    };
    const options = {
      namespace: 'ado-system',
      client: server.client,
      clock: movableClock(),
      evaluate,
      wake: () => undefined,
    };
    const request = { ...ATTEMPT, task, defaults: undefined, rendered: { backend: 'Resource', manifest } as const };
    return { server, request, executor: new ResourceExecutor(options) };
  }

  it.each([
    [422, `data.x: Invalid value: "${TOKEN}"`],
    [403, `configmaps "c" is forbidden: User "x" cannot patch: ${TOKEN}`],
    [400, `admission webhook "w" denied the request: ${TOKEN}`],
    [404, `namespaces "${TOKEN}" not found`],
    [500, `failed to create typed patch object: ${TOKEN}`],
  ])('tells no token of a refusal with %i', async (status, message) => {
    const { server, request, executor } = setUp('');
    // A token is asked for first; the object is refused.
    await executor.start(RUN, request);
    server.refusals.push(new ApiError(status, { message }));
    const refusal = await executor.start(RUN, request);
    expect(refusal).toMatchObject({ phase: 'Refused' });
    expect(JSON.stringify(refusal)).not.toContain(HALF);
  });

  it('tells no token of an expression that quotes the object', async () => {
    const { request, executor } = setUp(`no such key: ${TOKEN}`);
    await executor.start(RUN, request);
    const { seen } = await executor.observe(RUN, [{ ...request, backend: 'Resource' }]);
    expect(seen[0]?.observation).toMatchObject({ phase: 'Failed', reason: 'ExpressionError' });
    expect(toldOf(task, seen[0]?.observation as AttemptObservation)).not.toContain(HALF);
  });
});

describe('the log of the operator', () => {
  it('has no token, whatever it is told', () => {
    const lines: string[] = [];
    const logger = createLogger({ destination: { write: (line) => void lines.push(line) } });
    const error = new Error(TOKEN, { cause: new ApiError(422, { message: TOKEN }) });
    logger.error({ err: error, deep: { a: [{ b: TOKEN }] }, [TOKEN]: 1 }, `failed: ${TOKEN}`);
    logger.child({ run: TOKEN }).warn({ body: JSON.stringify({ password: WORD }) }, 'refused');
    expect(lines.join('')).not.toContain(HALF);
    expect(lines.join('')).not.toContain(WORD);
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });
});
