import { timingSafeEqual } from 'node:crypto';
import { ADMISSION_NAME } from '../controllers/index.ts';
import {
  type Clock,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubeClient,
  SECRETS,
  type Source,
} from '../runtime/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { DamagedKeyError, KEY_FIELD, type KeySecret, newKey, storedKey } from './stored-key.ts';

export interface ProofKeyOptions {
  /** Not fenced: a standby knows the key before it leads. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Namespace of the operator, which holds the Secret. */
  readonly namespace: string;
}

/** How often the Secret is looked at, to bring back one that was deleted before the last process that knows it ends. */
const LOOK_MS = 5 * 60_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
const ATTEMPTS = 5;
const LABELS = { 'app.kubernetes.io/name': 'ado', 'app.kubernetes.io/component': 'operator' };

/**
 * The key that only operators have, read before anything is decided: a source to the manager. Whoever comes first makes
 * it, all others take it. One that is damaged ends the process with a remedy.
 */
export class ProofKey implements Source {
  readonly name = 'proof-key';
  readonly type = SECRETS;
  readonly #options: ProofKeyOptions;
  readonly #ready = Promise.withResolvers<void>();
  #key: Uint8Array | undefined;

  constructor(options: ProofKeyOptions) {
    this.#options = options;
    this.#ready.promise.catch(() => undefined);
  }

  get hasSynced(): boolean {
    return this.#key !== undefined;
  }

  /** Rejects where the key is damaged. */
  get synced(): Promise<void> {
    return this.#ready.promise;
  }

  /** @throws Error while it is not read yet */
  get key(): Uint8Array {
    if (this.#key === undefined) throw new Error('the key of proofs is not read yet; wait until it is');
    return this.#key;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      let waitMs = LOOK_MS;
      try {
        await this.#look(signal);
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        if (signal.aborted) return;
        // Nothing was decided yet, and nothing will be. A process that has the whole key goes on with it.
        if (error instanceof DamagedKeyError && this.#key === undefined) return this.#ready.reject(error);
        logger.error({ err: error, retryMs }, 'the key of proofs cannot be read');
        waitMs = retryMs;
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
      }
      await clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const key = await this.#take(signal);
    // The same object where nothing changed: keys are derived from it once.
    if (this.#key === undefined || !timingSafeEqual(this.#key, key)) {
      if (this.#key)
        this.#options.logger.warn({}, 'the key of proofs was replaced: what the old one vouched for is void');
      this.#key = key;
    }
    this.#ready.resolve();
  }

  /** The stored key; where there is none, the one that is known or a new one, once it is stored. */
  async #take(signal: AbortSignal): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt++) {
      const secret = await this.#read(signal);
      const stored = secret && storedKey(secret);
      if (stored) return stored;
      const key = this.#key ?? newKey();
      try {
        await this.#write(secret, key, signal);
        return key;
      } catch (error) {
        const isRace = isAlreadyExists(error) || isConflict(error) || isNotFound(error);
        if (!isRace || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #read(signal: AbortSignal): Promise<KeySecret | undefined> {
    const ref = { namespace: this.#options.namespace, name: ADMISSION_NAME };
    try {
      return await this.#options.client.get<KeySecret>(SECRETS, ref, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #write(secret: KeySecret | undefined, key: Uint8Array, signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#options;
    const data = { [KEY_FIELD]: Buffer.from(key).toString('base64') };
    if (secret) {
      await client.replace(SECRETS, { ...secret, data } as KeySecret, { signal });
      return;
    }
    const metadata = { namespace, name: ADMISSION_NAME, labels: LABELS };
    await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata, data } as KeySecret, { signal });
  }
}
