import { type ProofKeys, Proofs } from '../proofs/index.ts';
import {
  type Clock,
  type KubeClient,
  keepLooking,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  type Source,
} from '../runtime/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { Attestation } from './attestation.ts';
import type { Judge } from './judge.ts';
import { isReviewPath, isShapedAsPath, legacyPath } from './paths.ts';
import { register, whoAmI } from './registration.ts';
import { Reviewer } from './review.ts';
import { SharedSecret } from './secret.ts';
import type { Left } from './served.ts';
import { AdmissionServer } from './server.ts';

export interface AdmissionOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Namespace of the operator, which holds the Secret. */
  readonly namespace: string;
  /** The proof keys; they also create the Secret. */
  readonly keys: Pick<ProofKeys, 'keys' | 'synced'>;
  readonly host: string;
  readonly port: number;
  /** Names and addresses by which the API server reaches the webhook. */
  readonly hosts: readonly string[];
  readonly judge: Judge;
  /** Namespaces that other operators serve. */
  readonly left: Left;
  /** How long one path is registered with the API server, ms. */
  readonly pathPeriodMs: number;
  /** How long it keeps serving when the process ends, until the API server sends no more requests here, ms. */
  readonly lingerMs: number;
}

/**
 * How often the Secret and the configurations are read: a configuration applied anew lacks our fields and fails closed.
 */
const LOOK_MS = 60_000;
/** Consecutive failed reads after which the API server may not have reached the webhook either. */
const MISSED_LOOKS = 3;
/** Minimum interval between reads of the Secret for unknown paths, which another replica may have made, ms. */
const LOOK_AGAIN_MS = 1000;
const SUFFIX_LENGTH = 8;
/** Without vowels and lookalikes of letters, as in the names that Kubernetes generates. */
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The webhook of one replica, leader or not. As a source of the manager, it is ready before this process can lead, so
 * that the leader can always verify attestations, and it stops only after the last worker.
 */
export class AdmissionWebhook implements Source {
  readonly name = 'admission';
  readonly type = MUTATING_WEBHOOK_CONFIGURATIONS;
  readonly attests: Attestation;
  readonly #options: AdmissionOptions;
  readonly #secret: SharedSecret;
  readonly #server: AdmissionServer;
  readonly #ready = Promise.withResolvers<void>();
  #isReady = false;
  #self: string | undefined;
  #port: number | undefined;
  /** Monotonic times. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  #askedAgainAt = Number.NEGATIVE_INFINITY;
  #nextLook: Promise<unknown> | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { client, namespace, host, port, logger, judge, clock, keys, left } = options;
    const now = () => Math.floor(clock.now());
    this.#secret = new SharedSecret({ client, namespace });
    this.attests = new Attestation(new Proofs({ keys: () => keys.keys, purpose: 'attestations', now }), left);
    const reviewer = new Reviewer({
      ...{ attestation: this.attests, judge, now, left },
      suffix: randomSuffix,
      self: () => this.#self,
    });
    const isPath = (path: string) => this.#isPath(path);
    this.#server = new AdmissionServer({ host, port, logger, isPath, review: (request) => reviewer.review(request) });
  }

  get hasSynced(): boolean {
    return this.#isReady;
  }

  get synced(): Promise<void> {
    return this.#ready.promise;
  }

  /** The port that it listens on, after the first successful `#look`. */
  get port(): number | undefined {
    return this.#port;
  }

  /** Serves until the signal aborts. Failures are retried and end nothing else of the process. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, lingerMs } = this.#options;
    const failed = (error: unknown, retryMs: number) => {
      logger.error({ err: error, retryMs }, 'cannot update the admission webhook');
      return 'Again' as const;
    };
    await keepLooking({ clock, everyMs: this.#everyMs, look: (at) => this.#look(at), failed }, signal);
    // From now on /readyz fails, so that no new requests are routed here; requests in progress are still answered.
    const wasReady = this.#isReady;
    this.#isReady = false;
    if (wasReady && lingerMs > 0) await clock.sleep(lingerMs);
    await this.#server.stop();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { client, clock, logger, keys } = this.#options;
    this.#self ??= await whoAmI(client, signal);
    await keys.synced;
    const isEarly = clock.monotonic() - this.#lookedAt > MISSED_LOOKS * this.#everyMs;
    const material = await this.#secret.refresh(this.#wanted(isEarly), signal);
    this.#port = await this.#server.serve(material.serving);
    // Attestations can be verified from here on. A failed registration must not stop the runs.
    const isFirst = !this.#isReady;
    this.#isReady = true;
    this.#ready.resolve();
    const isInstalled = await register(client, material, this.#self, logger, signal);
    this.#lookedAt = clock.monotonic();
    if (!isFirst) return;
    const say = isInstalled ? 'admission webhook is listening' : 'admission webhook is listening, but is not installed';
    logger.info({ port: this.#port, account: this.#self }, say);
  }

  get #everyMs(): number {
    return Math.min(LOOK_MS, this.#options.pathPeriodMs);
  }

  #wanted(isEarly: boolean) {
    const { hosts, keys, pathPeriodMs, clock } = this.#options;
    const legacy = legacyPath(keys.keys.at(-1)?.key ?? new Uint8Array());
    return { hosts, paths: { periodMs: pathPeriodMs, legacy }, now: clock.now(), isEarly };
  }

  /** Whether reviews on a path are accepted. For an unknown path of valid shape, the Secret is read first. */
  async #isPath(path: string): Promise<boolean> {
    const isKnown = () => isReviewPath(this.#secret.material?.paths ?? [], path, this.#options.clock.now());
    if (isKnown()) return true;
    if (!isShapedAsPath(path) || this.#secret.material === undefined) return false;
    await this.#lookAgain().catch(() => undefined);
    return isKnown();
  }

  /** Reads the Secret at most once a second; concurrent callers share one read that starts after their calls. */
  #lookAgain(): Promise<unknown> {
    this.#nextLook ??= this.#mayLookAgain().then(() => {
      this.#nextLook = undefined;
      this.#askedAgainAt = this.#options.clock.monotonic();
      return this.#secret.refresh(this.#wanted(false));
    });
    return this.#nextLook;
  }

  async #mayLookAgain(): Promise<void> {
    const { clock } = this.#options;
    const wait = this.#askedAgainAt + LOOK_AGAIN_MS - clock.monotonic();
    if (wait > 0) await clock.sleep(wait);
  }
}

function randomSuffix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SUFFIX_LENGTH));
  return [...bytes].map((byte) => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length] ?? '').join('');
}
