import type { SecretKeyRef } from '../api/index.ts';
import { BoundedMap } from '../bounds/index.ts';
import { type Clock, isForbidden, isNotFound, type KubeClient, type KubeObject, SECRETS } from '../runtime/index.ts';

/** How long a Secret is cached, and how long the failure to read one, milliseconds. */
const KEPT_MS = 30_000;
const KEPT_MISSING_MS = 5_000;
/** A cached Secret younger than this is not read again after a failed authentication, milliseconds. */
const FRESH_MS = 2_000;
const MAX_KEPT = 1_000;
const MIN_LENGTH = 8;

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

type Fetched = { readonly data: Readonly<Record<string, string>> } | { readonly problem: string };

interface Kept {
  readonly at: number;
  readonly fetched: Promise<Fetched>;
  isMissing: boolean;
}

/** The secrets of a trigger, or a sentence with cause and remedy for the log and the Workflow's status. */
export type SecretsOf = { readonly secrets: readonly Buffer[] } | { readonly problem: string };

interface Refs {
  readonly secretKeyRef: SecretKeyRef;
  readonly previousSecretKeyRef?: SecretKeyRef | undefined;
}

/**
 * Reads Secrets by name in namespaces that grant it, never by a list or a watch, and caches each one in memory for 30
 * seconds. Concurrent requests for the same Secret share one read.
 */
export class SecretReader {
  readonly #client: Pick<KubeClient, 'get'>;
  readonly #clock: Clock;
  readonly #kept = new BoundedMap<Kept>({ max: MAX_KEPT });

  constructor(client: Pick<KubeClient, 'get'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /**
   * The secrets of a trigger, the current one first.
   * @throws ApiError, ConnectionError when the API server fails for a reason other than the Secret
   */
  async read(namespace: string, { secretKeyRef, previousSecretKeyRef }: Refs, fresh = false): Promise<SecretsOf> {
    const current = await this.#one(namespace, secretKeyRef, fresh);
    if ('problem' in current) return current;
    if (previousSecretKeyRef === undefined) return { secrets: [current.secret] };
    const previous = await this.#one(namespace, previousSecretKeyRef, fresh);
    // Removing the previous secret at any time ends its validity.
    return { secrets: 'secret' in previous ? [current.secret, previous.secret] : [current.secret] };
  }

  async #one(namespace: string, { name, key }: SecretKeyRef, fresh: boolean) {
    const fetched = await this.#fetch(namespace, name, fresh);
    if ('problem' in fetched) return fetched;
    const encoded = Object.hasOwn(fetched.data, key) ? fetched.data[key] : undefined;
    if (encoded === undefined) return { problem: `the Secret "${name}" has no key "${key}"; add it` };
    const secret = withoutNewline(Buffer.from(encoded, 'base64'));
    if (secret.length >= MIN_LENGTH) return { secret };
    return {
      problem: `the key "${key}" of the Secret "${name}" is shorter than ${MIN_LENGTH} bytes; use a longer secret`,
    };
  }

  #fetch(namespace: string, name: string, fresh: boolean): Promise<Fetched> {
    const key = `${namespace}/${name}`;
    const kept = this.#kept.get(key);
    const age = this.#clock.monotonic() - (kept?.at ?? 0);
    const limit = kept?.isMissing ? KEPT_MISSING_MS : fresh ? FRESH_MS : KEPT_MS;
    if (kept !== undefined && age < limit) return kept.fetched;
    const made: Kept = { at: this.#clock.monotonic(), fetched: this.#get(namespace, name), isMissing: false };
    this.#kept.set(key, made);
    made.fetched.then(
      (fetched) => {
        made.isMissing = 'problem' in fetched;
      },
      // A failed read is not cached: the next request reads again.
      () => this.#kept.get(key) === made && this.#kept.delete(key),
    );
    return made.fetched;
  }

  async #get(namespace: string, name: string): Promise<Fetched> {
    try {
      const { data = {} } = await this.#client.get<Secret>(SECRETS, { namespace, name }, { timeoutMs: 5_000 });
      return { data };
    } catch (error) {
      if (isNotFound(error)) return { problem: `there is no Secret "${name}" in the namespace; create it` };
      if (!isForbidden(error)) throw error;
      const remedy = `kubectl apply -n ${namespace} -f config/rbac/webhooks/role.yaml`;
      return { problem: `the operator may not read the Secret "${name}"; grant it: ${remedy}` };
    }
  }
}

/** Removes the newline that an editor or `echo` adds at the end of a text. */
function withoutNewline(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  return /^[\x20-\x7e]+\r?\n$/.test(text) ? Buffer.from(text.trimEnd()) : bytes;
}
