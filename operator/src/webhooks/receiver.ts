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
  /** Tells people of runs that others made under the names of one that a trigger makes. */
  readonly tellOfStrangers: TellOfStrangers;
}

export type TellOfStrangers = (workflow: Workflow, strangers: readonly string[], run: string | undefined) => void;

/** A trigger and the Workflow that it is of. */
export interface Target {
  readonly workflow: Workflow;
  readonly webhook: Webhook;
}

/** A request whose body was read. */
export interface HookRequest {
  readonly headers: IncomingHttpHeaders;
  /** The query, without its question mark. */
  readonly query: string;
  readonly bytes: Buffer;
}

/** What it may take to find out who asks. Whoever has not shown it by then is refused, at the end of it, milliseconds. */
export const AUTHENTICATION_MS = 1_000;
/** How long a sender waits that meets a trigger which is suspended, seconds. */
const SUSPENDED_SECONDS = 300;
/** Whoever asks without a secret must not fill the log: what goes wrong is told so often, milliseconds. */
const TOLD_EVERY_MS = 1_000;
const MAX_REFUSAL = 500;

/** The steps of a request, in their order: who asks, how often, what, whether it counts, and the run that it makes. */
export class Receiver {
  readonly #options: ReceiverOptions;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** The trigger of a path, if there is one. */
  find(namespace: string, workflow: string, trigger: string): Target | undefined {
    const found = this.#options.workflows.get(objectKey({ namespace, name: workflow }));
    if (!found || found.metadata.deletionTimestamp) return undefined;
    const webhook = found.spec.triggers?.webhooks?.find(({ name }) => name === trigger);
    return webhook && { workflow: found, webhook };
  }

  /** What becomes of a request to a trigger, or to one that does not exist. Never throws. */
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

  /** Messages of the API server may quote what was sent, so of a refusal only the reason is told. */
  #tell(target: Target, error: unknown): void {
    const { clock, logger } = this.#options;
    const now = clock.monotonic();
    if (now - this.#toldAt < TOLD_EVERY_MS) return;
    this.#toldAt = now;
    const { message, ...fields } = toldOf(error);
    logger.warn({ ...namesOf(target), ...fields }, message);
  }

  /**
   * Whether somebody has shown in time that he may ask. How long it takes to read a Secret, or that it cannot be read,
   * says that there is a trigger; so whoever has not shown it has the answer of all, and the log has the reason.
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
    // The sender may have a secret that is newer than what was read.
    return (await this.#shows(target, request, false)) || (await this.#shows(target, request, true));
  }

  /** @throws Unreadable when there is no secret to compare with */
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
    if (run === undefined) return unavailable('the names that the run could have are taken by other runs');
    this.#options.logger.info({ ...namesOf(target), run, isNew }, 'a webhook has a run');
    const { namespace = '' } = workflow.metadata;
    return isNew
      ? { status: 202, result: 'Accepted', run, namespace }
      : { status: 200, result: 'Duplicate', run, namespace };
  }
}

/** There is no secret to compare with; the message says what keeps it away, for the log and not for senders. */
class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

const SUSPENDED: Refused = {
  status: 503,
  result: 'Suspended',
  detail: 'the trigger is suspended; send it again when it is not',
  retryAfterSeconds: SUSPENDED_SECONDS,
};

const NOT_READY: Refused = {
  status: 503,
  result: 'NotReady',
  detail: 'the triggers of the Workflow are not valid; its condition Ready says why',
  retryAfterSeconds: 60,
};

const rateLimited = (waitMs: number): Refused => ({
  status: 429,
  result: 'RateLimited',
  detail: 'more requests than the trigger takes; send it again later',
  retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
});

const bucketOf = ({ workflow, webhook }: Target) => `${workflow.metadata.uid}/${webhook.name}`;

const namesOf = ({ workflow: { metadata }, webhook }: Target) => ({
  namespace: metadata.namespace,
  workflow: metadata.name,
  trigger: webhook.name,
});

/** Workflows as they were judged, so that each version is judged once. */
const judged = new WeakMap<Workflow, boolean>();

function canBeJudged(workflow: Workflow): boolean {
  const before = judged.get(workflow);
  if (before !== undefined) return before;
  const isValid = areTriggersValid(workflow.spec);
  judged.set(workflow, isValid);
  return isValid;
}

function toldOf(error: unknown): { readonly message: string; readonly [field: string]: unknown } {
  if (error instanceof Unreadable) return { message: 'a webhook has no secret', problem: error.message };
  if (error instanceof ApiError) return { message: 'a webhook was refused', reason: error.reason };
  return { message: 'a webhook failed', err: error };
}

/** What the API server would not have is told to the sender; all else is ours, and may be sent again. */
function refusalFor(error: unknown): Refused {
  if (error instanceof ApiError && (isInvalid(error) || isForbidden(error))) {
    return { status: 422, result: 'RunRefused', detail: error.message.slice(0, MAX_REFUSAL) };
  }
  return unavailable('the request could not be acted upon; send it again');
}
