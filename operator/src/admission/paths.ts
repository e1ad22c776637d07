import { createHmac } from 'node:crypto';

/**
 * A path on which reviews are accepted. While no replica answers, the API server reveals the path in its errors to
 * users, so a new path replaces it soon after.
 */
export interface ReviewPath {
  readonly path: string;
  /** When it was registered with the API server; epoch ms, as below. */
  readonly from: number;
  /** Until when it is accepted, after another path has replaced it. */
  readonly until?: number;
}

export interface PathRules {
  /** How long a path is registered, ms. */
  readonly periodMs: number;
  /** The path of earlier operator versions, whose replicas may still run. */
  readonly legacy: string;
}

/** How long a replaced path is accepted: API servers learn a new one within moments, or later under load. */
const OVERLAP_MS = 3 * 60_000;
/** The same after an outage, in which users may have seen the path. */
const SHORT_OVERLAP_MS = 15_000;
/** How long replicas of earlier versions, which know only the legacy path, may run during an upgrade. */
const UPGRADE_MS = 10 * 60_000;
/** More than the replicas that start at the same moment; older paths are no longer accepted. */
const MAX_PATHS = 8;
/** In the path of a Service, the API server accepts only lower-case letters and digits. */
const SHAPE = /^\/review\/[0-9a-f]{64}$/;
const PATH_BYTES = 32;

/** The path that earlier operator versions derive from the key. */
export function legacyPath(oldestKey: Uint8Array): string {
  return `/review/${createHmac('sha256', oldestKey).update('path of the webhook').digest('hex')}`;
}

/**
 * Renews the paths, the newest first; returns the same object if nothing is due. `isEarly` means that the webhook may
 * have been unreachable for a while.
 */
export function rotatedPaths(
  stored: readonly ReviewPath[] | undefined,
  { periodMs, legacy }: PathRules,
  now: number,
  isEarly: boolean,
): readonly ReviewPath[] {
  const [newest, ...others] = stored ?? [];
  if (newest === undefined) return [{ path: stored === undefined ? legacy : newPath(), from: now }];
  const isLegacy = newest.path === legacy;
  const isDue = now - newest.from >= (isLegacy ? Math.min(periodMs, UPGRADE_MS) : periodMs);
  // A path made under a clock that was ahead would not be due for a long time.
  const isAhead = newest.from - now > periodMs;
  if (!isDue && !isAhead && (!isEarly || isLegacy)) return stored ?? [];
  const until = now + Math.min(isEarly ? SHORT_OVERLAP_MS : OVERLAP_MS, periodMs);
  const before = others.filter((path) => isBelieved(path, now));
  return [{ path: newPath(), from: now }, { ...newest, until }, ...before].slice(0, MAX_PATHS);
}

/** Whether reviews on this path are accepted. */
export function isReviewPath(paths: readonly ReviewPath[], path: string, now: number): boolean {
  return paths.some((one) => one.path === path && isBelieved(one, now));
}

/** Whether the path has the shape of a review path, so that another replica may have made it. */
export const isShapedAsPath = (path: string): boolean => SHAPE.test(path);

/** Decodes stored paths; none if the text is invalid. */
export function unpackedPaths(text: string): readonly ReviewPath[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isPath).slice(0, MAX_PATHS) : [];
  } catch {
    return [];
  }
}

function isPath(value: Partial<ReviewPath> | null): value is ReviewPath {
  const { path, from, until } = value ?? {};
  const isTime = (time: unknown) => typeof time === 'number' && Number.isFinite(time);
  return typeof path === 'string' && SHAPE.test(path) && isTime(from) && (until === undefined || isTime(until));
}

const isBelieved = ({ until }: ReviewPath, now: number): boolean => until === undefined || now < until;

const newPath = (): string =>
  `/review/${Buffer.from(crypto.getRandomValues(new Uint8Array(PATH_BYTES))).toString('hex')}`;
