/** What signs requests to S3. */
export interface AccessKeys {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string | undefined;
}

/** Keys that are issued for a time. */
export interface IssuedKeys extends AccessKeys {
  /** Epoch milliseconds; undefined for keys without end. */
  readonly expiresAt: number | undefined;
}

/** The keys for the next request. @throws StoreError when there are none */
export type KeySource = () => Promise<AccessKeys>;

/** Keys are renewed so long before they expire: a large object takes its time, and clocks differ. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** Pause between two tries to renew keys that are still valid. */
const PAUSE_MS = 30_000;

/**
 * Keys that are renewed before they expire, by one request however many ask. While the old ones are valid, a failure to renew
 * them is no error.
 * @param issue gets new keys. @throws StoreError
 * @param now epoch milliseconds
 */
export function renewing(issue: () => Promise<IssuedKeys>, now: () => number = Date.now): KeySource {
  let keys: IssuedKeys | undefined;
  let pending: Promise<IssuedKeys> | undefined;
  let nextTry = 0;

  const validFor = () => (keys ? (keys.expiresAt ?? Number.POSITIVE_INFINITY) - now() : 0);
  const renew = async (): Promise<IssuedKeys> => {
    nextTry = now() + PAUSE_MS;
    try {
      keys = await issue();
    } catch (error) {
      if (!keys || validFor() <= 0) throw error;
    }
    return keys;
  };
  return async () => {
    const isFresh = validFor() > RENEW_BEFORE_MS || (validFor() > 0 && now() < nextTry);
    if (keys && isFresh) return keys;
    pending ??= renew().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}
