import type { AttemptObservation, RenderedResource, Task, TaskDefaults } from '../api/index.ts';
import {
  type Clock,
  Discovery,
  isConflict,
  isForbidden,
  isNotFound,
  isUnauthorized,
  type KubeClient,
  type KubeObject,
  type ObjectRef,
  type ResourceType,
} from '../runtime/index.ts';
import { AccountTokens } from './account-tokens.ts';
import type { Attempt, LiveAttempt, Observation, Refusal, RunContext, Seen, StartRequest } from './executor.ts';
import { fieldManagerOf, isOwnedByFormer } from './field-manager.ts';
import { accountOf, refusedToken, type TaskAccount, userOf } from './resource-account.ts';
import { completeObject, identityOf, isAppliedBy, refOf } from './resource-manifest.ts';
import { type Evaluate, failed, failedRead, judgeObject, refusedApply } from './resource-verdict.ts';
import { Watches } from './resource-watches.ts';
import type { BackendExecutor } from './switch.ts';

const AT_ONCE = 16;

export interface ResourceExecutorOptions {
  /** Our own client: it asks for tokens and for the kinds there are; objects are touched with those tokens alone. */
  readonly client: KubeClient;
  readonly clock: Clock;
  /** The namespace of the operator, in which nobody is acted for. */
  readonly namespace: string;
  readonly evaluate: Evaluate;
  /** Has the run looked at again: what was applied may satisfy its condition at once. */
  readonly wake: (run: RunContext) => void;
}

/** An object, and who touches it. */
interface Target {
  readonly account: TaskAccount;
  readonly apiVersion: string;
  readonly type: ResourceType;
  readonly ref: ObjectRef;
}

/** How an object is applied. */
interface Applied {
  readonly object: KubeObject;
  readonly fieldManager: string;
  readonly force: boolean;
}

/**
 * Applies an object and waits until it is as the task wants it. Everything that is done to the object is done as the
 * service account of the task: what it may not do, the task cannot do.
 */
export class ResourceExecutor implements BackendExecutor<RenderedResource> {
  private readonly options: ResourceExecutorOptions;
  private readonly tokens: AccountTokens;
  private readonly discovery: Discovery;
  private readonly watches: Watches;

  constructor(options: ResourceExecutorOptions) {
    this.options = options;
    this.tokens = new AccountTokens(options.client, options.clock);
    this.discovery = new Discovery(options.client);
    this.watches = new Watches(options.clock);
  }

  async start(run: RunContext, request: StartRequest<RenderedResource>): Promise<Refusal | undefined> {
    const { task, rendered } = request;
    const target = await this.targetOf(run, request, rendered);
    if ('phase' in target) return target;
    const { delete: deletion, conflict } = task.resource ?? {};
    const object = completeObject(rendered.manifest, target.ref, run, request, deletion);
    const fieldManager = fieldManagerOf(run, request.path);
    try {
      const applied = await this.apply(run, target, { object, fieldManager, force: conflict === 'Force' });
      if (isRefusal(applied)) return applied;
      this.watches.begin(run, request, applied);
    } catch (error) {
      if (isNotFound(error)) this.discovery.forget(target.apiVersion);
      return refusedApply(error, userOf(target.account));
    }
    this.options.wake(run);
    return undefined;
  }

  private async apply(run: RunContext, target: Target, { object, fieldManager, force }: Applied) {
    const call = (isForced: boolean) => (client: KubeClient) =>
      client.patch<KubeObject>(
        target.type,
        target.ref,
        { kind: 'apply', object, force: isForced },
        { fieldManager, signal: run.signal, numbers: 'Exact' },
      );
    try {
      return await this.asAccount(run, target.account, call(force));
    } catch (error) {
      if (!isOwnedByFormer(error)) throw error;
      return this.asAccount(run, target.account, call(true));
    }
  }

  async observe(run: RunContext, live: readonly LiveAttempt[]): Promise<Observation> {
    const seen: Seen[] = [];
    for (let i = 0; i < live.length; i += AT_ONCE) {
      const batch = live.slice(i, i + AT_ONCE);
      seen.push(
        ...(await Promise.all(
          batch.map(async ({ path, attempt, ...rest }) => {
            return { path, attempt, observation: await this.look(run, { path, attempt, ...rest }) };
          }),
        )),
      );
    }
    const recheckAfter = this.watches.nextLook(run, live);
    return { seen, ...(recheckAfter === undefined ? {} : { recheckAfter }) };
  }

  /** What the object says now; asked for rarely, and ever more so. */
  private async look(run: RunContext, live: LiveAttempt): Promise<AttemptObservation> {
    const watch = this.watches.of(run, live);
    if (watch.isStopped) return failed('RunStopped', 'the task was stopped before successWhen was true');
    if (!this.watches.isDue(watch)) return { phase: 'Running', startedAt: watch.startedAt };
    const object = watch.applied ?? (await this.read(run, live));
    watch.applied = undefined;
    if (!('metadata' in object)) return object;
    const verdict = judgeObject(this.options.evaluate, live.task.resource ?? { manifest: {} }, object);
    if (verdict) return { ...verdict, startedAt: watch.startedAt, finishedAt: this.options.clock.now() };
    this.watches.looked(watch);
    return { phase: 'Running', startedAt: watch.startedAt };
  }

  /** The object, or what it means that it cannot be had. */
  private async read(run: RunContext, live: LiveAttempt): Promise<KubeObject | AttemptObservation> {
    const target = await this.targetOfLive(run, live);
    if ('phase' in target) return failed(target.reason, target.message);
    try {
      const get = (client: KubeClient) =>
        client.get<KubeObject>(target.type, target.ref, { signal: run.signal, numbers: 'Exact' });
      const object = await this.asAccount(run, target.account, get);
      return isRefusal(object) ? failed(object.reason, object.message) : object;
    } catch (error) {
      return failedRead(error, userOf(target.account));
    }
  }

  /** Stops waiting; the object goes if the task says so, and nobody else has applied it since. */
  async cancel(run: RunContext, live: LiveAttempt): Promise<void> {
    const deletion = live.task.resource?.delete;
    const watch = this.watches.of(run, live);
    if (watch.isStopped) return;
    if (deletion === 'OnStop' || deletion === 'Always') await this.remove(run, watch.live);
    watch.isStopped = true;
    this.options.wake(run);
  }

  /** What is to be deleted in any case is, once its result is stored; see also the owner that it was applied with. */
  async release(run: RunContext, isSettled: (attempt: Attempt) => boolean): Promise<undefined> {
    for (const watch of this.watches.settled(run, isSettled)) {
      if (watch.live.task.resource?.delete === 'Always' && !watch.isStopped) await this.remove(run, watch.live);
      this.watches.end(run, watch.live);
    }
  }

  /** Objects are not a run's leftovers: those that must go with it are owned by it, and others are to stay. */
  async discard(run: RunContext): Promise<void> {
    this.watches.forget(run);
  }

  private async remove(run: RunContext, live: LiveAttempt): Promise<void> {
    const target = await this.targetOfLive(run, live);
    if ('phase' in target) return;
    const { type, ref } = target;
    const erase = async (client: KubeClient) => {
      const object = await client.get<KubeObject>(type, ref, { signal: run.signal });
      const { uid } = object.metadata;
      if (!isAppliedBy(object, run, live) || object.metadata.deletionTimestamp || !uid) return;
      const preconditions = { uid };
      await client.delete(type, ref, { preconditions, propagationPolicy: 'Background', signal: run.signal });
    };
    try {
      await this.asAccount(run, target.account, erase);
    } catch (error) {
      // Gone, or not ours to delete: a task that is over must not hold up its run.
      if (!isNotFound(error) && !isConflict(error) && !isForbidden(error)) throw error;
    }
  }

  private async targetOfLive(run: RunContext, live: LiveAttempt): Promise<Target | Refusal> {
    if (live.rendered?.backend === 'Resource') return this.targetOf(run, live, live.rendered);
    const message =
      'resource.manifest can no longer be evaluated: an expression in it that worked when it was applied now fails';
    return { phase: 'Refused', reason: 'ManifestInvalid', message, retry: false };
  }

  private async targetOf(
    run: RunContext,
    of: { task: Task; defaults?: TaskDefaults | undefined },
    { manifest }: RenderedResource,
  ): Promise<Target | Refusal> {
    const account = accountOf(run, of, this.options.namespace);
    if ('phase' in account) return account;
    const identity = identityOf(manifest, this.options.namespace);
    if ('phase' in identity) return identity;
    const { apiVersion, kind } = identity;
    const type = await this.discovery.typeOf(apiVersion, kind, run.signal);
    if (!type) {
      const message = `the API server does not know kind ${kind} in ${apiVersion}; is its CRD installed?`;
      return { phase: 'Refused', reason: 'ResourceRejected', message, retry: true };
    }
    return { account, apiVersion, type, ref: refOf(identity, type, run) };
  }

  /** Calls as the service account, and once more with a new token where the API server takes the old one no more. */
  private async asAccount<T>(
    { signal }: RunContext,
    account: TaskAccount,
    call: (client: KubeClient) => Promise<T>,
  ): Promise<T | Refusal> {
    for (let isFirst = true; ; isFirst = false) {
      let client: KubeClient;
      try {
        client = await this.tokens.actAs(account, signal);
      } catch (error) {
        return refusedToken(error, account);
      }
      try {
        return await call(client);
      } catch (error) {
        if (!isUnauthorized(error) || !isFirst) throw error;
        this.tokens.forget(account);
      }
    }
  }
}

/** No object of Kubernetes has its phase at the top. */
function isRefusal(answer: unknown): answer is Refusal {
  return typeof answer === 'object' && answer !== null && 'phase' in answer && answer.phase === 'Refused';
}
