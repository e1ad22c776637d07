import { type Clock, type KubeClient, MUTATING_WEBHOOK_CONFIGURATIONS, type Source } from '../runtime/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { Attestation } from './attestation.ts';
import type { Judge } from './judge.ts';
import { register, whoAmI } from './registration.ts';
import { Reviewer } from './review.ts';
import { pathOf, SharedSecret } from './secret.ts';
import { AdmissionServer } from './server.ts';

export interface AdmissionOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Namespace of the operator, which holds the Secret. */
  readonly namespace: string;
  readonly host: string;
  readonly port: number;
  /** Names and addresses by which the API server reaches this. */
  readonly hosts: readonly string[];
  readonly judge: Judge;
  /** How long it goes on serving when the process ends: until nobody is sent here any more, ms. */
  readonly lingerMs: number;
}

/** How often the Secret and the configurations are looked at: what is applied anew lacks what we write, and fails closed. */
const LOOK_MS = 60_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
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

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { client, namespace, hosts, host, port, logger, judge, clock } = options;
    this.#secret = new SharedSecret({ client, namespace, hosts });
    this.attests = new Attestation(() => this.#material().attestationKey);
    const reviewer = new Reviewer({
      attestation: this.attests,
      judge,
      now: () => Math.floor(clock.now()),
      suffix: randomSuffix,
      self: () => this.#self,
    });
    const path = () => this.#secret.material && pathOf(this.#secret.material);
    this.#server = new AdmissionServer({ host, port, logger, path, review: (request) => reviewer.review(request) });
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
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      let waitMs = LOOK_MS;
      try {
        await this.#look(signal);
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        if (signal.aborted) break;
        logger.error({ err: error, retryMs }, 'the admission webhook cannot be kept up');
        waitMs = retryMs;
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
      }
      await clock.sleep(waitMs, signal).catch(() => undefined);
    }
    // From now on /readyz says no, so that nobody new is sent here; who was is still answered.
    const wasReady = this.#isReady;
    this.#isReady = false;
    if (wasReady && lingerMs > 0) await clock.sleep(lingerMs);
    await this.#server.stop();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { client, clock, logger } = this.#options;
    this.#self ??= await whoAmI(client, signal);
    const material = await this.#secret.refresh(clock.now(), signal);
    this.#port = await this.#server.serve(material.serving);
    // What is attested is known from here on. That nobody may tell the API server of us is no reason to let runs stand still.
    const isFirst = !this.#isReady;
    this.#isReady = true;
    this.#ready.resolve();
    const isInstalled = await register(client, material, this.#self, logger, signal);
    if (!isFirst) return;
    const say = isInstalled ? 'the admission webhook is served' : 'the admission webhook is served, but not installed';
    logger.info({ port: this.#port, account: this.#self }, say);
  }

  #material() {
    const { material } = this.#secret;
    if (material === undefined) throw new Error('the key of the admission webhook is not read yet; wait until it is');
    return material;
  }
}

function randomSuffix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SUFFIX_LENGTH));
  return [...bytes].map((byte) => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length] ?? '').join('');
}
