import { ADMISSION_NAME } from '../api/index.ts';
import { isConflict, type KubeClient, type KubeObject, SECRETS } from '../runtime/index.ts';
import { type Material, renewed, type Wanted } from './material.ts';
import { unpackedPaths } from './paths.ts';

const ATTEMPTS = 5;
const FIELDS = {
  paths: 'paths',
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
}

/**
 * The material in the Secret that all replicas share: the first replica makes it, all others read it. The proof keys
 * create the Secret itself, and restore it after a deletion.
 */
export class SharedSecret {
  readonly #options: SharedSecretOptions;
  #known: Material | undefined;

  constructor(options: SharedSecretOptions) {
    this.#options = options;
  }

  /** The material that was last read or written. */
  get material(): Material | undefined {
    return this.#known;
  }

  /**
   * Reads the Secret, renews the material if due, and stores it. Removed fields are restored.
   * @throws ApiError ConnectionError
   */
  async refresh(wanted: Wanted, signal?: AbortSignal): Promise<Material> {
    const { client, namespace } = this.#options;
    const ref = { namespace, name: ADMISSION_NAME };
    for (let attempt = 1; ; attempt++) {
      const secret = await client.get<Secret>(SECRETS, ref, { signal });
      const stored = unpacked(secret) ?? this.#known;
      const material = await renewed(stored, wanted);
      try {
        const data = { ...secret.data, ...packed(material) };
        // With the version that was read: of two concurrent writers one fails, and reads the result of the other.
        if (!isIn(secret, material)) await client.replace(SECRETS, { ...secret, data } as Secret, { signal });
        this.#known = sameOrNew(this.#known, material);
        return this.#known;
      } catch (error) {
        if (!isConflict(error) || attempt === ATTEMPTS) throw error;
      }
    }
  }
}

function isIn({ data = {} }: Secret, material: Material): boolean {
  return Object.entries(packed(material)).every(([field, text]) => data[field] === text);
}

/** The known object if nothing changed, so that callers can compare by identity. */
function sameOrNew(known: Material | undefined, material: Material): Material {
  return known !== undefined && JSON.stringify(packed(known)) === JSON.stringify(packed(material)) ? known : material;
}

const base64 = (content: string) => Buffer.from(content).toString('base64');

function packed({ paths, bundle, authorityKey, serving }: Material): Record<string, string> {
  return {
    [FIELDS.paths]: base64(JSON.stringify(paths)),
    [FIELDS.bundle]: base64(bundle.join('')),
    [FIELDS.authorityKey]: base64(authorityKey),
    [FIELDS.certificate]: base64(serving.certificate),
    [FIELDS.key]: base64(serving.key),
  };
}

/** The stored material; undefined in a new Secret that holds only keys. */
function unpacked({ data = {} }: Secret): Partial<Material> | undefined {
  if (Object.values(FIELDS).every((field) => data[field] === undefined)) return undefined;
  const text = (field: string) => Buffer.from(data[field] ?? '', 'base64').toString('utf8');
  return {
    ...(data[FIELDS.paths] === undefined ? {} : { paths: unpackedPaths(text(FIELDS.paths)) }),
    bundle: text(FIELDS.bundle).match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n?/g) ?? [],
    authorityKey: text(FIELDS.authorityKey),
    serving: { certificate: text(FIELDS.certificate), key: text(FIELDS.key) },
  };
}
