import { type AttemptObservation, parseDuration, type RenderedHttp, type RenderedTask } from '../api/index.ts';
import type { Clock } from '../runtime/index.ts';
import type { HostList } from '../web/index.ts';
import type { Attempt, Hit, LiveAttempt, Observation, Refusal, RunContext, Seen, StartRequest } from './executor.ts';
import { ofRequest, podRequest } from './http-pod.ts';
import { type Ask, HttpWorker } from './http-worker.ts';
import type { BackendExecutor } from './switch.ts';

const DEFAULT_TIMEOUT = '30s';

export interface HttpExecutorOptions {
  /** Makes the pods of requests that this process may not make. */
  readonly pods: BackendExecutor<RenderedTask>;
  /** Hosts that this process asks itself. */
  readonly hosts: HostList;
  readonly ask: Ask;
  /** Image of the pods; empty: there are none. */
  readonly image: string;
  /** Addresses that pods may ask although they are local; this process judges by `ask`. */
  readonly allowedCidrs: readonly string[];
  readonly clock: Clock;
  /** Has a run looked at again whose request has ended. */
  readonly wake: (run: RunContext) => void;
}

/**
 * Makes requests: in this process to hosts that the administrator lists, in a pod to all others and whenever a header is
 * a secret, which only the kubelet may read. A request may be made twice, when a restart loses its answer.
 */
export class HttpExecutor implements BackendExecutor<RenderedHttp> {
  private readonly options: HttpExecutorOptions;
  private readonly worker: HttpWorker;

  constructor(options: HttpExecutorOptions) {
    this.options = options;
    this.worker = new HttpWorker(options);
  }

  async start(run: RunContext, request: StartRequest<RenderedHttp>): Promise<Refusal | Hit | undefined> {
    const { task, defaults, rendered, path, attempt } = request;
    const { method = 'GET', headersFrom = {}, successCodes, requestTimeout } = task.http ?? { url: '' };
    const timeoutMs = parseDuration(requestTimeout ?? DEFAULT_TIMEOUT);
    const host = URL.parse(rendered.url)?.host;
    if (host === undefined) return refused('http.url is no URL; write it like https://a.example/path');
    const hasSecrets = Object.keys(headersFrom).length > 0;
    if (this.isOurs(request)) {
      const { url, headers, body } = rendered;
      const isShown = (task.failureMessage ?? defaults?.failureMessage) !== 'Withhold';
      const job = { path, attempt, request: { url, method, headers, body, timeoutMs }, successCodes, isShown };
      return this.worker.take(run, job) ? undefined : busy();
    }
    if (this.options.image !== '') {
      return this.options.pods.start(run, podRequest(request, { ...this.options, timeoutMs }));
    }
    const listed = hasSecrets ? 'a request with headersFrom needs a pod' : `the host ${host} is not in --http-hosts`;
    return refused(`${listed}, and --http-image is not set; ask the administrator for either`);
  }

  async observe(run: RunContext, live: readonly LiveAttempt[]): Promise<Observation> {
    const seen: Seen[] = [];
    const elsewhere: LiveAttempt[] = [];
    for (const each of live) {
      const observation = this.worker.observe(run, each);
      if (observation) seen.push({ path: each.path, attempt: each.attempt, observation });
      else elsewhere.push(each);
    }
    if (elsewhere.length === 0) return { seen };
    // In a pod, or lost with the process that made it: whoever knows pods tells which, by a live read.
    const inPods = await this.options.pods.observe(run, elsewhere);
    const wanted = new Map(elsewhere.map((each) => [keyOf(each), each]));
    for (const { path, attempt, observation, object } of inPods.seen) {
      const each = wanted.get(keyOf({ path, attempt }));
      if (!each) continue;
      const isLost = observation.phase === 'Lost' && this.isOurs(each);
      seen.push({ path, attempt, observation: isLost ? ANSWER_LOST : ofRequest(observation), object });
    }
    return { ...inPods, seen };
  }

  /** Whether this process makes a request, rather than a pod. */
  private isOurs({ task, rendered }: Pick<LiveAttempt, 'task' | 'rendered'>): boolean {
    if (rendered?.backend !== 'Http' || Object.keys(task.http?.headersFrom ?? {}).length > 0) return false;
    const url = URL.parse(rendered.url);
    return url !== null && this.options.hosts.has(url);
  }

  async cancel(run: RunContext, attempt: LiveAttempt, graceSeconds?: number): Promise<void> {
    if (!this.worker.cancel(run, attempt)) await this.options.pods.cancel(run, attempt, graceSeconds);
  }

  /** Pods are let go of by their own executor. */
  async release(run: RunContext, isSettled: (attempt: Attempt) => boolean): Promise<undefined> {
    this.worker.release(run, isSettled);
  }

  async discard(run: RunContext): Promise<void> {
    this.worker.release(run, () => true);
  }
}

const ANSWER_LOST: AttemptObservation = {
  phase: 'Failed',
  cause: 'Infrastructure',
  reason: 'AnswerLost',
  message: 'the operator restarted before the response was recorded; sending the request again',
};

const keyOf = ({ path, attempt }: Attempt) => `${path}#${attempt}`;

const refused = (message: string): Refusal => ({ phase: 'Refused', reason: 'HttpNotAllowed', message, retry: false });

const busy = (): Refusal => ({
  phase: 'Refused',
  reason: 'HttpFailed',
  message: 'too many requests in flight; waiting for others to finish',
  retry: true,
});
