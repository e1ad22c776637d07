import { createHmac } from 'node:crypto';

/**
 * A path on which reviews are believed. The API server says it in its errors to whoever wrote an object while no replica
 * answered, so it is worth nothing soon after.
 */
export interface ReviewPath {
  readonly path: string;
  /** From when it was told to the API server; epoch ms, as below. */
  readonly from: number;
  /** Until when it is believed, once another one has taken its place. */
  readonly until?: number;
}

export interface PathRules {
  /** How long a path is told to the API server. */
  readonly periodMs: number;
  /** The one that operators of before told, whose replicas may still be there. */
  readonly legacy: string;
}

/** How long the path of before is believed: API servers hear of another one within moments, or late where they are busy. */
const OVERLAP_MS = 3 * 60_000;
/** The same where nobody may have answered for a while, so that somebody was told of it. */
const SHORT_OVERLAP_MS = 15_000;
/** How long replicas of before may be there, which know only the path of before. */
const UPGRADE_MS = 10 * 60_000;
/** More than begin at the same moment; what is older is not believed any more. */
const MAX_PATHS = 8;
/** Of a Service the API server takes only paths of small letters and digits. */
const SHAPE = /^\/review\/[0-9a-f]{64}$/;
const PATH_BYTES = 32;

/** The path that operators of before derived from the key. */
export function legacyPath(oldestKey: Uint8Array): string {
  return `/review/${createHmac('sha256', oldestKey).update('path of the webhook').digest('hex')}`;
}

/**
 * The paths as they are to be from now on, the newest first: the same object where nothing is due. `isEarly` says that
 * nobody may have answered for a while.
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
  // A clock that was ahead made one that would never be due.
  const isAhead = newest.from - now > periodMs;
  if (!isDue && !isAhead && (!isEarly || isLegacy)) return stored ?? [];
  const until = now + Math.min(isEarly ? SHORT_OVERLAP_MS : OVERLAP_MS, periodMs);
  const before = others.filter((path) => isBelieved(path, now));
  return [{ path: newPath(), from: now }, { ...newest, until }, ...before].slice(0, MAX_PATHS);
}

/** Whether a review that comes on this path is believed. */
export function isReviewPath(paths: readonly ReviewPath[], path: string, now: number): boolean {
  return paths.some((one) => one.path === path && isBelieved(one, now));
}

/** Whether it could be a path that another replica has made. */
export const isShapedAsPath = (path: string): boolean => SHAPE.test(path);

/** Paths as they are stored; none where that cannot be read. */
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
