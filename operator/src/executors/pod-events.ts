import { type AttemptObservation, epochOf, type ObjectMeta, type WaitingReason } from '../api/index.ts';
import { BoundedMap } from '../bounds/index.ts';
import { type Pod, runningInit } from '../pods/index.ts';
import { redact } from '../redaction/index.ts';
import { type Clock, EVENTS, type KubeClient, type KubeObject } from '../runtime/index.ts';
import type { RunContext } from './executor.ts';

/** What Events tell of a pod that does not start. */
export interface WhyWaiting {
  readonly reason: WaitingReason;
  readonly message: string;
}

interface Event extends KubeObject {
  readonly reason?: string;
  readonly note?: string;
  readonly eventTime?: string | null;
  readonly series?: { readonly lastObservedTime?: string };
  readonly deprecatedLastTimestamp?: string | null;
}

interface Known {
  /** Monotonic time of the last answer. */
  readonly askedAt: number;
  readonly why: WhyWaiting | undefined;
}

export interface PodEventsOptions {
  readonly client: Pick<KubeClient, 'list'>;
  readonly clock: Clock;
  /** Has a run looked at again: more is known of one of its pods. */
  readonly wake: (run: RunContext) => void;
}

/** The Events that say why a container waits that the status of the pod only says is being created. */
const REASONS: ReadonlySet<string> = new Set<WaitingReason>([
  'FailedMount',
  'FailedAttachVolume',
  'FailedCreatePodSandBox',
]);
/** How long a pod may say nothing before its Events are read. */
const SILENT_MS = 10_000;
/** How often those of one pod are read, and how much time is between two requests of this process. */
const AGAIN_MS = 30_000;
const BETWEEN_MS = 2_000;
/** After a request that failed, as without the right to read Events, nothing is asked for so long. */
const REST_MS = 60_000;
const TIMEOUT_MS = 10_000;
/** Kubelets try again within two minutes: what is older is over. */
const OUTDATED_MS = 180_000;
const MAX_EVENTS = 50;
const MAX_KNOWN = 2_000;
const MAX_MESSAGE = 512;

/**
 * Why pods do not start of which the status is silent, from their Events. Nothing waits for an answer: the run is woken
 * when there is one. One request at a time, and few of them; whoever may write Events chooses these words, so they are
 * shown and nothing else.
 */
export class PodEvents {
  readonly #options: PodEventsOptions;
  /** By uid of the pod; the oldest are forgotten. */
  readonly #known = new BoundedMap<Known>({ max: MAX_KNOWN });
  #isAsking = false;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(options: PodEventsOptions) {
    this.#options = options;
  }

  /**
   * What was seen of a pod, with why it does not start where its status does not say so. `again`: milliseconds after which to
   * look again.
   */
  told(run: RunContext, pod: Pod, seen: AttemptObservation): { observation: AttemptObservation; again?: number } {
    if (seen.phase !== 'Pending' || seen.reason !== undefined) return { observation: seen };
    if (pod.spec.nodeName === undefined || pod.metadata.deletionTimestamp) return { observation: seen };
    const silent = Math.max(0, this.#options.clock.now() - seen.since);
    if (silent < SILENT_MS) return { observation: seen, again: SILENT_MS - silent };
    const { why = initOf(pod), again } = this.#of(run, pod);
    return { observation: why ? { ...seen, ...why } : seen, again };
  }

  #of(run: RunContext, pod: Pod): { why: WhyWaiting | undefined; again: number } {
    const known = this.#known.get(pod.metadata.uid ?? '');
    const now = this.#options.clock.monotonic();
    const isBusy = this.#isAsking ? now + BETWEEN_MS : now;
    const due = Math.max(known ? known.askedAt + AGAIN_MS : now, this.#notBefore, isBusy);
    if (due > now) return { why: known?.why, again: due - now };
    this.#isAsking = true;
    void this.#ask(run, pod.metadata, known);
    return { why: known?.why, again: AGAIN_MS };
  }

  forget(uid: string): void {
    this.#known.delete(uid);
  }

  async #ask(run: RunContext, pod: ObjectMeta, known: Known | undefined): Promise<void> {
    const { client, clock, wake } = this.#options;
    try {
      const fieldSelector = `regarding.uid=${pod.uid},type=Warning`;
      const query = { namespace: run.namespace, fieldSelector, limit: MAX_EVENTS };
      const { items } = await client.list<Event>(EVENTS, query, { timeoutMs: TIMEOUT_MS, urgency: 'background' });
      const why = whyOf(items, clock.now());
      this.#known.set(pod.uid ?? '', { askedAt: clock.monotonic(), why });
      this.#notBefore = clock.monotonic() + BETWEEN_MS;
      if (why?.message !== known?.why?.message) wake(run);
    } catch {
      this.#notBefore = clock.monotonic() + REST_MS;
    } finally {
      this.#isAsking = false;
    }
  }
}

/** The newest of those that say what is missing; the kubelet also sums up that it has waited in vain. */
export function whyOf(events: readonly Event[], now: number): WhyWaiting | undefined {
  const recent = events.filter(({ reason = '', ...event }) => REASONS.has(reason) && now - timeOf(event) < OUTDATED_MS);
  const newest = recent.toSorted((a, b) => Number(isSummary(a)) - Number(isSummary(b)) || timeOf(b) - timeOf(a))[0];
  if (!newest) return undefined;
  return { reason: newest.reason as WaitingReason, message: redact(newest.note ?? '').slice(0, MAX_MESSAGE) };
}

/** An agent that waits for its server, for example. */
function initOf(pod: Pod): WhyWaiting | undefined {
  const name = runningInit(pod);
  if (name === undefined) return undefined;
  const message = `the injected init container "${name}" has not finished; see its log`;
  return { reason: 'InitContainerRunning', message };
}

const isSummary = ({ note = '' }: Pick<Event, 'note'>): boolean => note.startsWith('Unable to attach or mount volumes');

const timeOf = ({ series, deprecatedLastTimestamp, eventTime, metadata }: Omit<Event, 'reason'>): number =>
  epochOf(series?.lastObservedTime ?? deprecatedLastTimestamp ?? eventTime ?? metadata.creationTimestamp) ?? 0;
