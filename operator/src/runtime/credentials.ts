import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from '../telemetry/index.ts';
import type { Clock } from './clock.ts';
import { ConnectionError } from './errors.ts';

export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

/** The identity of this process and the servers that it trusts, at one moment. */
export interface Snapshot {
  /** Headers that carry the identity: Authorization, and Impersonate-User where configured. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  /** Changes with the TLS material: then connections must be opened again. */
  readonly tlsFingerprint: string;
}

/** How long credentials are used before their files are read again. The kubelet rotates tokens long before they end. */
const RECHECK_MS = 10_000;
/** Bound on an exec plugin or an identity provider. */
const READ_TIMEOUT_MS = 30_000;

/**
 * The credentials of a kubeconfig, kept fresh: token, certificate and CA files are read again every ten seconds, exec
 * plugins when their credential expires, and everything at once when the server answers 401.
 */
export class Credentials {
  private readonly source: KubeConfig;
  private readonly clock: Clock;
  private readonly logger: Logger;
  /** Owns the caches of exec plugins and identity providers; replaced to empty them. */
  private config: KubeConfig;
  private snapshot: Snapshot | undefined;
  private checkedAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<Snapshot> | undefined;

  constructor(source: KubeConfig, clock: Clock, logger: Logger) {
    this.source = source;
    this.config = copyOf(source);
    this.clock = clock;
    this.logger = logger;
  }

  /** The current credentials; a plain value on the usual path, so that a request does not wait a turn for it. */
  current(): Snapshot | Promise<Snapshot> {
    if (this.snapshot && this.clock.monotonic() - this.checkedAt < RECHECK_MS) return this.snapshot;
    return this.refresh();
  }

  /** Reads everything again, unless that was done since `refused` was handed out. */
  reload(refused: Snapshot): Promise<Snapshot> | Snapshot {
    if (this.snapshot && this.snapshot !== refused) return this.snapshot;
    this.config = copyOf(this.source);
    return this.refresh();
  }

  private refresh(): Promise<Snapshot> {
    this.reading ??= this.readOrKeep().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readOrKeep(): Promise<Snapshot> {
    try {
      const next = await this.read();
      // An unchanged identity stays the same object: this is how reload() detects whether there is anything new to try.
      if (!this.snapshot || !equal(this.snapshot, next)) this.snapshot = next;
    } catch (error) {
      if (!this.snapshot) {
        throw new ConnectionError('Credentials', `cannot read the credentials: ${messageOf(error)}`, false, error);
      }
      this.logger.warn({ err: error }, 'credentials cannot be read again; the previous ones stay in use');
    }
    this.checkedAt = this.clock.monotonic();
    return this.snapshot;
  }

  private async read(): Promise<Snapshot> {
    // client-node caches token files for a minute in the object; a new one reads at once.
    if (this.config.getCurrentUser()?.authProvider?.config?.tokenFile) this.config = copyOf(this.source);
    const options: RequestOptions = {};
    await this.bounded(this.config.applyToHTTPSOptions(options));
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
    if (options.auth && !headers.Authorization) {
      headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    }
    const tls = tlsOf(options);
    return { headers, tls, tlsFingerprint: JSON.stringify(tls, (_key, value) => fingerprintable(value)) };
  }

  private bounded(reading: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimeout(
        () => reject(new Error(`no answer within ${READ_TIMEOUT_MS / 1000} s from the credential plugin`)),
        READ_TIMEOUT_MS,
      );
      reading.then(resolve, reject).finally(() => timer.cancel());
    });
  }
}

function tlsOf(options: RequestOptions): TlsMaterial {
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  return {
    ...(ca && { ca: ca as string | Buffer }),
    ...(cert && { cert: cert as string | Buffer }),
    ...(key && { key: key as string | Buffer }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    ...(servername && { servername }),
  };
}

function fingerprintable(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString('base64') : value;
}

function equal(a: Snapshot, b: Snapshot): boolean {
  return a.tlsFingerprint === b.tlsFingerprint && JSON.stringify(a.headers) === JSON.stringify(b.headers);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A copy with empty caches. Plain http servers (tests, kubectl proxy) are accepted, which client-node refuses. */
function copyOf(source: KubeConfig): KubeConfig {
  const copy = new KubeConfig();
  const clusters = source.clusters.map((cluster) =>
    cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
  );
  copy.loadFromOptions({
    clusters,
    users: source.users,
    contexts: source.contexts,
    currentContext: source.currentContext,
  });
  return copy;
}
