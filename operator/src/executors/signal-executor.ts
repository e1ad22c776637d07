import {
  type AttemptObservation,
  type Attests,
  objectId,
  objectKey,
  type RenderedSignal,
  type Signal,
} from '../api/index.ts';
import {
  type Clock,
  isAlreadyExists,
  isNotFound,
  type KubeClient,
  type ObjectRef,
  type ResourceType,
  type Store,
} from '../runtime/index.ts';
import { CACHE_LAG_MS } from './cache-lag.ts';
import type { LiveAttempt, Observation, Refusal, RunContext, Seen, StartRequest } from './executor.ts';
import type { Identities } from './identity.ts';
import { JustMade } from './just-made.ts';
import { refusalOf } from './refusal.ts';
import { type Asking, buildSignal, isAskedBy, observeResponses, signalNames } from './signal-object.ts';
import type { BackendExecutor } from './switch.ts';

/** How long nothing has the name of a signal that was deleted: whoever waits until it is gone has to see that it was. */
const GONE_MS = 2_000;
const AT_ONCE = 16;

export interface SignalExecutorOptions {
  readonly client: KubeClient;
  readonly signals: Store<Signal>;
  /** Signals, as the client addresses them. */
  readonly type: ResourceType;
  readonly clock: Clock;
  readonly attests: Attests;
  readonly identities: Identities;
}

/**
 * Asks people and systems by a Signal that the run owns. Whatever happens to that object, what was answered is in the
 * state of the run: one that is gone is made again, and one that a stranger put under its name is left alone.
 */
export class SignalExecutor implements BackendExecutor<RenderedSignal> {
  private readonly options: SignalExecutorOptions;
  private readonly unseen: JustMade<Signal>;

  /** Signals that were deleted within GONE_MS, the oldest first, with the monotonic time of that. */
  private readonly gone = new Map<string, number>();

  constructor(options: SignalExecutorOptions) {
    this.options = options;
    this.unseen = new JustMade(options.clock);
    const forget = (key: string) => this.unseen.forget(key);
    const remember = (key: string) => {
      forget(key);
      this.rememberGone(key);
    };
    options.signals.subscribe({ added: forget, deleted: remember });
  }

  async start(run: RunContext, { path, rendered }: StartRequest<RenderedSignal>): Promise<Refusal | undefined> {
    const asking = { path, rendered };
    if (this.cached(run, asking)) return undefined;
    const made = await this.make(run, path, rendered);
    return 'phase' in made ? made : undefined;
  }

  async observe(run: RunContext, live: readonly LiveAttempt[]): Promise<Observation> {
    const seen: Seen[] = [];
    for (let i = 0; i < live.length; i += AT_ONCE) {
      const some = live.slice(i, i + AT_ONCE);
      seen.push(...(await Promise.all(some.map((attempt) => this.observeOne(run, attempt)))));
    }
    const recheck = seen.some(({ observation }) => observation.phase === 'Unknown' || this.isUnseen(run, observation));
    return { seen, ...(recheck ? { recheckAfter: this.gone.size > 0 ? GONE_MS : CACHE_LAG_MS } : {}) };
  }

  private rememberGone(key: string): void {
    const now = this.options.clock.monotonic();
    this.gone.delete(key);
    for (const [other, at] of this.gone) {
      if (now - at < GONE_MS) break;
      this.gone.delete(other);
    }
    this.gone.set(key, now);
  }

  private isJustGone(key: string): boolean {
    const at = this.gone.get(key);
    return at !== undefined && this.options.clock.monotonic() - at < GONE_MS;
  }

  private async observeOne(run: RunContext, live: LiveAttempt): Promise<Seen> {
    const { path, attempt, rendered, object, unproven } = live;
    const asking = { path, rendered: rendered?.backend === 'Signal' ? rendered : undefined, object, unproven };
    const signal = this.cached(run, asking) ?? (await this.askFor(run, asking));
    if (!signal) return { path, attempt, observation: { phase: 'Unknown' } };
    const { name, uid = '' } = signal.metadata;
    const responses = observeResponses(signal, this.options.attests);
    const made = { backend: 'Signal', id: objectId(uid) } as const;
    return { path, attempt, observation: { phase: 'Asked', signal: { name, uid }, responses }, object: made };
  }

  /** The signal as the cache has it, or as it was created here a moment ago. */
  private cached(run: RunContext, asking: Asking): Signal | undefined {
    for (const name of this.names(run, asking.path)) {
      const key = objectKey({ namespace: run.namespace, name });
      const signal = this.options.signals.get(key) ?? this.unseen.get(key);
      if (signal && this.isOurs(run, signal, asking)) return signal;
    }
    return undefined;
  }

  private names(run: RunContext, path: string): Generator<string> {
    return signalNames(run, path, this.options.identities);
  }

  private isOurs(run: RunContext, signal: Signal, asking: Asking): boolean {
    return isAskedBy(signal, run, asking, this.options.identities);
  }

  private isUnseen({ namespace }: RunContext, observation: AttemptObservation): boolean {
    const { name } = observation.phase === 'Asked' ? observation.signal : {};
    return name !== undefined && this.unseen.get(objectKey({ namespace, name })) !== undefined;
  }

  /** A signal that is missing from the cache was deleted only if a live read says so; then it is made again. */
  private async askFor(run: RunContext, asking: Asking): Promise<Signal | undefined> {
    const { path, rendered } = asking;
    for (const name of this.names(run, path)) {
      const ref = { namespace: run.namespace, name };
      if (this.isJustGone(objectKey(ref))) return undefined;
      const live = await this.read(run, ref);
      if (live && this.isOurs(run, live, asking)) return live;
    }
    if (!rendered) return undefined;
    const made = await this.make(run, path, rendered);
    return 'phase' in made ? undefined : made;
  }

  /** Creates the signal under the first of its names that no stranger holds. */
  private async make(run: RunContext, path: string, rendered: RenderedSignal): Promise<Signal | Refusal> {
    for (const name of this.names(run, path)) {
      const wanted = buildSignal(run, { path, rendered }, name, this.options.identities);
      const made = await this.create(run, wanted);
      if (made && ('phase' in made || this.isOurs(run, made, { path, rendered }))) return made;
    }
    const names = [...this.names(run, path)].join(' and ');
    const message = `the Signal names ${names} that this task needs are taken; delete those Signals`;
    return { phase: 'Refused', reason: 'SignalNameTaken', message, retry: true };
  }

  /** What is there under the name afterwards, whoever made it; nothing if that was deleted just now. */
  private async create(run: RunContext, wanted: Signal): Promise<Signal | Refusal | undefined> {
    const { client, type } = this.options;
    try {
      const made = await client.create<Signal>(type, wanted, { signal: run.signal, urgency: 'high' });
      const key = objectKey(made.metadata);
      if (!this.options.signals.get(key)) this.unseen.add(key, made);
      return made;
    } catch (error) {
      if (!isAlreadyExists(error)) return refusalOf(error, 'SignalRejected');
      return this.read(run, wanted.metadata);
    }
  }

  private async read(run: RunContext, ref: ObjectRef): Promise<Signal | undefined> {
    try {
      return await this.options.client.get<Signal>(this.options.type, ref, { signal: run.signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** The verdict is in the state of the run, and from there in the status of the signal: nothing runs that could end. */
  async cancel(): Promise<void> {}

  /** A signal that ended is the record of who said what: it is kept until its run goes. */
  async release(): Promise<undefined> {}

  async discard(): Promise<void> {}
}
