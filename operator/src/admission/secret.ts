import { createHmac } from 'node:crypto';
import { ADMISSION_NAME } from '../controllers/index.ts';
import { KEY_FIELD, storedKey } from '../proofs/index.ts';
import {
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubeClient,
  type KubeObject,
  SECRETS,
} from '../runtime/index.ts';
import { type Material, renewed } from './material.ts';

const ATTEMPTS = 5;
const LABELS = { 'app.kubernetes.io/name': 'ado', 'app.kubernetes.io/component': 'operator' };
const FIELDS = {
  attestation: KEY_FIELD,
  bundle: 'ca.crt',
  authorityKey: 'ca.key',
  certificate: 'tls.crt',
  key: 'tls.key',
} as const;

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface SharedSecretOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Names and addresses by which the API server reaches the webhook. */
  readonly hosts: readonly string[];
}

/** The material in the Secret that all replicas share: whoever comes first makes it, all others take it. */
export class SharedSecret {
  readonly #options: SharedSecretOptions;
  #known: Material | undefined;

  constructor(options: SharedSecretOptions) {
    this.#options = options;
  }

  /** What was read or written last. */
  get material(): Material | undefined {
    return this.#known;
  }

  /**
   * Reads the Secret, renews what is due, and stores it. A Secret that somebody deleted comes back as it was.
   * @throws ApiError ConnectionError DamagedKeyError
   */
  async refresh(now: number, signal?: AbortSignal): Promise<Material> {
    for (let attempt = 1; ; attempt++) {
      const secret = await this.#read(signal);
      const stored = secret === undefined ? this.#known : unpacked(secret);
      const material = await renewed(stored, this.#options.hosts, now);
      try {
        if (secret === undefined || material !== stored) await this.#write(secret, material, signal);
        this.#known = sameOrNew(this.#known, material);
        return this.#known;
      } catch (error) {
        const isRace = isAlreadyExists(error) || isConflict(error) || isNotFound(error);
        if (!isRace || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #read(signal: AbortSignal | undefined): Promise<Secret | undefined> {
    try {
      return await this.#options.client.get<Secret>(SECRETS, this.#ref(), { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #write(secret: Secret | undefined, material: Material, signal: AbortSignal | undefined): Promise<void> {
    const { client } = this.#options;
    const data = { ...secret?.data, ...packed(material) };
    if (secret === undefined) {
      const object = { apiVersion: 'v1', kind: 'Secret', metadata: { ...this.#ref(), labels: LABELS }, data };
      await client.create(SECRETS, object, { signal });
      return;
    }
    // With the version that was read: of two replicas one loses, and reads what the other wrote.
    await client.replace(SECRETS, { ...secret, data } as Secret, { signal });
  }

  #ref() {
    return { namespace: this.#options.namespace, name: ADMISSION_NAME };
  }
}

/**
 * The path on which reviews are believed, from the key: the same of all replicas, and known to nobody else. Of a Service the
 * API server takes only paths of small letters and digits.
 */
export function pathOf({ attestationKey }: Material): string {
  return `/review/${createHmac('sha256', attestationKey).update('path of the webhook').digest('hex')}`;
}

/** The object that is known where nothing changed, so that who compares need not look inside. */
function sameOrNew(known: Material | undefined, material: Material): Material {
  return known !== undefined && JSON.stringify(packed(known)) === JSON.stringify(packed(material)) ? known : material;
}

const base64 = (content: string | Uint8Array) => Buffer.from(content).toString('base64');

function packed({ attestationKey, bundle, authorityKey, serving }: Material): Record<string, string> {
  return {
    [FIELDS.attestation]: base64(attestationKey),
    [FIELDS.bundle]: base64(bundle.join('')),
    [FIELDS.authorityKey]: base64(authorityKey),
    [FIELDS.certificate]: base64(serving.certificate),
    [FIELDS.key]: base64(serving.key),
  };
}

function unpacked(secret: Secret): Partial<Material> {
  const { data = {} } = secret;
  const attestationKey = storedKey(secret);
  const bytes = (field: string) => Buffer.from(data[field] ?? '', 'base64');
  const text = (field: string) => bytes(field).toString('utf8');
  return {
    ...(attestationKey ? { attestationKey } : {}),
    bundle: text(FIELDS.bundle).match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n?/g) ?? [],
    authorityKey: text(FIELDS.authorityKey),
    serving: { certificate: text(FIELDS.certificate), key: text(FIELDS.key) },
  };
}
