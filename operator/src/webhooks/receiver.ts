import type { IncomingHttpHeaders } from 'node:http';
import { DEFAULT_BODY_BYTES, objectKey, type Webhook, type Workflow } from '../api/index.ts';
import { type TriggerContext, triggerHolds, triggerParameters } from '../engine/index.ts';
import { areTriggersValid } from '../engine/validate/index.ts';
import { ApiError, type Clock, isForbidden, isInvalid, type Store } from '../runtime/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { isKnown, isSigned, pretend } from './authenticate.ts';
import { tooLarge } from './body.ts';
import { contextOf } from './context.ts';
import type { RateLimits } from './rate-limits.ts';
import { type Refused, UNAUTHORIZED, unavailable, type WebhookResponse } from './response.ts';
import { keyOf, makeRun, type RunsOptions } from './run.ts';
import type { SecretReader } from './secrets.ts';

export interface ReceiverOptions extends RunsOptions {
  readonly workflows: Store<Workflow>;
  readonly secrets: SecretReader;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reports strangers that have the candidate names of a run. */
  readonly tellOfStrangers: TellOfStrangers;
}

export type TellOfStrangers = (workflow: Workflow, strangers: readonly string[], run: string | undefined) => void;

/** A trigger and its Workflow. */
export interface Target {
  readonly workflow: Workflow;
  readonly webhook: Webhook;
}

/** A request with its body. */
export interface HookRequest {
  readonly headers: IncomingHttpHeaders;
  /** The query, without its question mark. */
  readonly query: string;
  readonly bytes: Buffer;
}

/** Time limit of authentication; a failed one is answered at the end of it, milliseconds. */
export const AUTHENTICATION_MS = 1_000;
/** Retry-After for a suspended trigger, seconds. */
const SUSPENDED_SECONDS = 300;
/**
 * Minimum interval between log lines on failures, so that unauthenticated senders cannot fill the log, milliseconds.
 */
const TOLD_EVERY_MS = 1_000;
const MAX_REFUSAL = 500;

/**
 * Processes a request in order: authentication, size, rate, content, filter, parameters, and the run that it starts.
 */
export class Receiver {
  readonly #options: ReceiverOptions;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** The trigger of a path; undefined if it does not exist. */
  find(namespace: string, workflow: string, trigger: string): Target | undefined {
    const found = this.#options.workflows.get(objectKey({ namespace, name: workflow }));
    if (!found || found.metadata.deletionTimestamp) return undefined;
    const webhook = found.spec.triggers?.webhooks?.find(({ name }) => name === trigger);
    return webhook && { workflow: found, webhook };
  }

  /** Answers a request to a trigger, or to one that does not exist. Never throws. */
  async receive(target: Target | undefined, request: HookRequest): Promise<WebhookResponse> {
    if (target === undefined) {
      pretend(request.bytes);
      return UNAUTHORIZED;
    }
    try {
      if (!(await this.#isInTime(this.#authenticate(target, request), target))) return UNAUTHORIZED;
      return await this.#accept(target, request);
    } catch (error) {
      this.#tell(target, error);
      return refusalFor(error);
    }
  }

  /** Logs a failure. Messages of the API server may quote the request, so only the reason of a refusal is logged. */
  #tell(target: Target, error: unknown): void {
    const { clock, logger } = this.#options;
    const now = clock.monotonic();
    if (now - this.#toldAt < TOLD_EVERY_MS) return;
    this.#toldAt = now;
    const { message, ...fields } = toldOf(error);
    logger.warn({ ...namesOf(target), ...fields }, message);
  }

  /**
   * Whether authentication succeeds within its time limit. A failed or slow read of the Secret would reveal that the
   * trigger exists, so it gets the same answer as any failed authentication, and only the log holds the reason.
   */
  async #isInTime(shown: Promise<boolean>, target: Target): Promise<boolean> {
    const given = new AbortController();
    const late = this.#options.clock.sleep(AUTHENTICATION_MS, given.signal).then(
      () => false,
      () => false,
    );
    const safely = shown.catch((error: unknown) => {
      this.#tell(target, error);
      return false;
    });
    const isShown = await Promise.race([safely, late]);
    given.abort();
    return isShown;
  }

  async #authenticate(target: Target, request: HookRequest): Promise<boolean> {
    // The sender may have a secret that is newer than the cached one.
    return (await this.#shows(target, request, false)) || (await this.#shows(target, request, true));
  }

  /** @throws Unreadable when the secret cannot be read */
  async #shows({ workflow, webhook }: Target, request: HookRequest, fresh: boolean): Promise<boolean> {
    const { hmac, token } = webhook.auth;
    const refs = hmac ?? token;
    if (refs === undefined) return false;
    const read = await this.#options.secrets.read(workflow.metadata.namespace ?? '', refs, fresh);
    if ('problem' in read) throw new Unreadable(read.problem);
    const evidence = { headers: request.headers, body: request.bytes, now: this.#options.clock.now() };
    return hmac ? isSigned(hmac, read.secrets, evidence) : isKnown(token ?? refs, read.secrets, evidence);
  }

  async #accept(target: Target, request: HookRequest): Promise<WebhookResponse> {
    const { webhook, workflow } = target;
    const { maxBodyBytes = DEFAULT_BODY_BYTES } = webhook;
    if (request.bytes.length > maxBodyBytes) return tooLarge(maxBodyBytes);
    const waitMs = this.#options.limits.take(bucketOf(target), webhook.rateLimit, this.#options.clock.monotonic());
    if (waitMs !== undefined) return rateLimited(waitMs);
    if (webhook.suspend) return SUSPENDED;
    if (!canBeJudged(workflow)) return NOT_READY;
    const context = contextOf(webhook, request);
    if ('status' in context) return context;
    const filter = triggerHolds('filter', webhook.filter, context);
    if ('field' in filter) return { status: 422, result: 'FilterFailed', detail: filter.message, field: 'filter' };
    if (!filter.holds) return { status: 200, result: 'Filtered' };
    return this.#run(target, context, request.bytes);
  }

  async #run(target: Target, context: TriggerContext, bytes: Buffer): Promise<WebhookResponse> {
    const { webhook, workflow } = target;
    const key = keyOf(webhook, context, bytes);
    if ('status' in key) return key;
    const values = triggerParameters(webhook.with, workflow.spec.parameters, context);
    if ('field' in values) {
      return { status: 422, result: 'ParametersInvalid', detail: values.message, field: values.field };
    }
    const made = await makeRun(this.#options, { ...target, ...key, ...values });
    const { run, isNew, strangers } = made;
    if (strangers.length > 0) this.#options.tellOfStrangers(workflow, strangers, run);
    if (run === undefined) return unavailable('other runs have all names that this run could get');
    this.#options.logger.info({ ...namesOf(target), run, isNew }, 'accepted a webhook request');
    const { namespace = '' } = workflow.metadata;
    return isNew
      ? { status: 202, result: 'Accepted', run, namespace }
      : { status: 200, result: 'Duplicate', run, namespace };
  }
}

/** The secret of the trigger cannot be read. The message has the cause, for the log and not for senders. */
class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

const SUSPENDED: Refused = {
  status: 503,
  result: 'Suspended',
  detail: 'the trigger is suspended; retry after it is resumed',
  retryAfterSeconds: SUSPENDED_SECONDS,
};

const NOT_READY: Refused = {
  status: 503,
  result: 'NotReady',
  detail: 'the triggers of the Workflow are not valid; see its condition Ready',
  retryAfterSeconds: 60,
};

const rateLimited = (waitMs: number): Refused => ({
  status: 429,
  result: 'RateLimited',
  detail: 'the rate limit of the trigger is exceeded; retry later',
  retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
});

const bucketOf = ({ workflow, webhook }: Target) => `${workflow.metadata.uid}/${webhook.name}`;

const namesOf = ({ workflow: { metadata }, webhook }: Target) => ({
  namespace: metadata.namespace,
  workflow: metadata.name,
  trigger: webhook.name,
});

/** Whether the triggers of each version of a Workflow are valid; each version is validated once. */
const judged = new WeakMap<Workflow, boolean>();

function canBeJudged(workflow: Workflow): boolean {
  const before = judged.get(workflow);
  if (before !== undefined) return before;
  const isValid = areTriggersValid(workflow.spec);
  judged.set(workflow, isValid);
  return isValid;
}

function toldOf(error: unknown): { readonly message: string; readonly [field: string]: unknown } {
  if (error instanceof Unreadable) return { message: 'cannot read the secret of a webhook', problem: error.message };
  if (error instanceof ApiError) return { message: 'the API server refused a webhook request', reason: error.reason };
  return { message: 'a webhook request failed', err: error };
}

/** A refusal of the API server is passed on to the sender; anything else is an internal error, and may be retried. */
function refusalFor(error: unknown): Refused {
  if (error instanceof ApiError && (isInvalid(error) || isForbidden(error))) {
    return { status: 422, result: 'RunRefused', detail: error.message.slice(0, MAX_REFUSAL) };
  }
  return unavailable('internal error; retry the request');
}
