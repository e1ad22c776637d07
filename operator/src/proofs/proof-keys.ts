import { timingSafeEqual } from 'node:crypto';
import { ADMISSION_NAME } from '../api/index.ts';
import {
  AbortedError,
  type Clock,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubeClient,
  keepLooking,
  SECRETS,
  type Source,
} from '../runtime/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { rotated, type StoredKey } from './rotation.ts';
import { DamagedKeyError, KEYS_FIELD, type KeySecret, packedKeys, storedKeys } from './stored-keys.ts';

export interface ProofKeysOptions {
  /** Not fenced: a standby reads the keys before it leads. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Namespace of the operator, which holds the Secret. */
  readonly namespace: string;
}

/** How often the Secret is read, so that a deleted one is restored before the last process with the keys ends. */
const LOOK_MS = 60_000;
const ATTEMPTS = 5;
const LABELS = { 'app.kubernetes.io/name': 'ado', 'app.kubernetes.io/component': 'operator' };

/**
 * The proof keys, which only operators hold, read before anything is decided: a source of the manager. The first
 * replica creates and rotates them, all others read them. A damaged key ends the process with a remedy.
 */
export class ProofKeys implements Source {
  readonly name = 'proof-keys';
  readonly type = SECRETS;
  readonly #options: ProofKeysOptions;
  readonly #ready = Promise.withResolvers<void>();
  #keys: readonly StoredKey[] | undefined;

  constructor(options: ProofKeysOptions) {
    this.#options = options;
    this.#ready.promise.catch(() => undefined);
  }

  get hasSynced(): boolean {
    return this.#keys !== undefined;
  }

  /** Rejects if a key is damaged, or if the process stops before the keys are read. */
  get synced(): Promise<void> {
    return this.#ready.promise;
  }

  /** All keys, the newest first. @throws Error while they are not read yet */
  get keys(): readonly StoredKey[] {
    if (this.#keys === undefined) throw new Error('the proof keys are not read yet; await `synced` first');
    return this.#keys;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const failed = (error: unknown, retryMs: number) => {
      // Without keys, the process must not decide anything. A process that has valid keys continues with them.
      if (error instanceof DamagedKeyError && this.#keys === undefined) {
        this.#ready.reject(error);
        return 'End';
      }
      logger.error({ err: error, retryMs }, 'cannot read the proof keys');
      return 'Again';
    };
    await keepLooking({ clock, everyMs: LOOK_MS, look: (at) => this.#look(at), failed }, signal);
    // Pending waits for the keys must end too.
    this.#ready.reject(new AbortedError('stopped before the proof keys were read'));
  }

  async #look(signal: AbortSignal): Promise<void> {
    const known = this.#keys;
    const keys = await this.#take(signal);
    const isKnown = (one: StoredKey) => known?.find(({ key }) => timingSafeEqual(key, one.key));
    if (known && !known.some((one) => keys.some(({ key }) => timingSafeEqual(key, one.key)))) {
      this.#options.logger.warn({}, 'the proof keys were replaced: proofs and attestations by the old keys are void');
    }
    // Known keys keep their identity, because derived keys are cached by it.
    this.#keys = keys.map((one) => isKnown(one) ?? one);
    this.#ready.resolve();
  }

  /** The stored keys, rotated if due. Without stored keys, stores the known ones or a new one. */
  async #take(signal: AbortSignal): Promise<readonly StoredKey[]> {
    for (let attempt = 1; ; attempt++) {
      const secret = await this.#read(signal);
      const stored = secret && this.#stored(secret);
      const keys = rotated(stored ?? this.#keys ?? [], this.#options.clock.now());
      if (keys === stored && secret?.data?.[KEYS_FIELD] !== undefined) return keys;
      try {
        await this.#write(secret, keys, signal);
        return keys;
      } catch (error) {
        const isRace = isAlreadyExists(error) || isConflict(error) || isNotFound(error);
        if (!isRace || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** The stored keys, or the known ones if an earlier operator version restored the Secret with the oldest key only. */
  #stored(secret: KeySecret): readonly StoredKey[] | undefined {
    const stored = storedKeys(secret);
    const oldest = this.#keys?.at(-1);
    const [only] = stored ?? [];
    const isLess = only && oldest && secret.data?.[KEYS_FIELD] === undefined && timingSafeEqual(only.key, oldest.key);
    return isLess ? this.#keys : stored;
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

  async #write(secret: KeySecret | undefined, keys: readonly StoredKey[], signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#options;
    const data = { ...secret?.data, ...packedKeys(keys) };
    if (secret) {
      // With the version that was read: of two concurrent writers one fails, and reads the result of the other.
      await client.replace(SECRETS, { ...secret, data } as KeySecret, { signal });
      return;
    }
    const metadata = { namespace, name: ADMISSION_NAME, labels: LABELS };
    await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata, data } as KeySecret, { signal });
  }
}
