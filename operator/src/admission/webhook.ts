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
  /** What attestations are made with; they make the Secret. */
  readonly keys: Pick<ProofKeys, 'keys' | 'synced'>;
  readonly host: string;
  readonly port: number;
  /** Names and addresses by which the API server reaches this. */
  readonly hosts: readonly string[];
  readonly judge: Judge;
  /** Which namespaces other operators have. */
  readonly left: Left;
  /** How long the API server is told one path, ms. */
  readonly pathPeriodMs: number;
  /** How long it goes on serving when the process ends: until nobody is sent here any more, ms. */
  readonly lingerMs: number;
}

/** How often the Secret and the configurations are looked at: what is applied anew lacks what we write, and fails closed. */
const LOOK_MS = 60_000;
/** Looks that failed one after the other, after which the API server may not have reached us either. */
const MISSED_LOOKS = 3;
/** How often the Secret is read for paths that are not known: another replica may have made one. */
const LOOK_AGAIN_MS = 1000;
const SUFFIX_LENGTH = 8;
/** Without vowels and what is taken for them, as Kubernetes generates names. */
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The webhook of one replica, leader or not. It is a source to the manager: up before this process may lead, so that it
 * never decides without knowing what is attested, and down only after the last worker.
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

  /** The port that it serves on, once it does. */
  get port(): number | undefined {
    return this.#port;
  }

  /** Serves until the signal aborts. What fails is tried again: nothing else of the process ends because of it. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, lingerMs } = this.#options;
    const failed = (error: unknown, retryMs: number) => {
      logger.error({ err: error, retryMs }, 'the admission webhook cannot be kept up');
      return 'Again' as const;
    };
    await keepLooking({ clock, everyMs: this.#everyMs, look: (at) => this.#look(at), failed }, signal);
    // From now on /readyz says no, so that nobody new is sent here; who was is still answered.
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
    // What is attested is known from here on. That nobody may tell the API server of us is no reason to let runs stand still.
    const isFirst = !this.#isReady;
    this.#isReady = true;
    this.#ready.resolve();
    const isInstalled = await register(client, material, this.#self, logger, signal);
    this.#lookedAt = clock.monotonic();
    if (!isFirst) return;
    const say = isInstalled ? 'the admission webhook is served' : 'the admission webhook is served, but not installed';
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

  /** Whether a path is believed. Where another replica may just have made it, the Secret is read first. */
  async #isPath(path: string): Promise<boolean> {
    const isKnown = () => isReviewPath(this.#secret.material?.paths ?? [], path, this.#options.clock.now());
    if (isKnown()) return true;
    if (!isShapedAsPath(path) || this.#secret.material === undefined) return false;
    await this.#lookAgain().catch(() => undefined);
    return isKnown();
  }

  /** Reads the Secret, at most once a second, whoever asks: all share a read that begins after they asked. */
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
