import { BoundedMap } from '../bounds/index.ts';
import { type Clock, type KubeClient, type KubeObject, SERVICE_ACCOUNTS } from '../runtime/index.ts';

/** The least life that the API server grants. */
const LIFE_SECONDS = 600;
/** A token is used for this part of its life, so that none ends while a request is under way. */
const USED_SHARE = 0.8;
/** Tokens that are kept; the one that was made longest ago goes first. */
const MAX_TOKENS = 500;

export interface ServiceAccountRef {
  readonly namespace: string;
  readonly name: string;
}

interface TokenRequest extends KubeObject {
  status?: { token?: string; expirationTimestamp?: string };
}

/**
 * Short-lived tokens of service accounts, to act as them and with nothing but their rights. They are in memory only:
 * never logged, never stored, and gone with the process.
 */
export class AccountTokens {
  private readonly client: KubeClient;
  private readonly clock: Clock;
  private readonly tokens = new BoundedMap<{ readonly token: string; readonly until: number }>({ max: MAX_TOKENS });

  constructor(client: KubeClient, clock: Clock) {
    this.client = client;
    this.clock = clock;
  }

  /** A client that acts as the service account. @throws ApiError 404 when there is none, 403 when we may not have it */
  async actAs(account: ServiceAccountRef, signal?: AbortSignal): Promise<KubeClient> {
    const key = keyOf(account);
    const known = this.tokens.get(key);
    if (known && known.until > this.clock.monotonic()) return this.client.withToken(known.token);
    const token = await this.request(account, signal);
    return this.client.withToken(token);
  }

  /** Forgets a token that the API server did not accept. */
  forget(account: ServiceAccountRef): void {
    this.tokens.delete(keyOf(account));
  }

  private async request({ namespace, name }: ServiceAccountRef, signal?: AbortSignal): Promise<string> {
    const wanted = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { namespace, name },
      spec: { expirationSeconds: LIFE_SECONDS },
    };
    const { status } = await this.client.create<TokenRequest>(SERVICE_ACCOUNTS, wanted, {
      subresource: 'token',
      signal,
    });
    const token = status?.token ?? '';
    const life = Date.parse(status?.expirationTimestamp ?? '') - this.clock.now();
    const usable = Math.min(LIFE_SECONDS * 1000, Number.isNaN(life) ? 0 : life) * USED_SHARE;
    this.tokens.set(keyOf({ namespace, name }), { token, until: this.clock.monotonic() + usable });
    return token;
  }
}

const keyOf = ({ namespace, name }: ServiceAccountRef) => `${namespace}/${name}`;
