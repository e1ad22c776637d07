import { parseDuration } from '../../api/index.ts';
import type { Place } from '../state/walk.ts';

/** A bound of a wait, in milliseconds, with the words that name the field it comes from. */
export interface Bound {
  readonly ms: number;
  readonly field: string;
}

/** How long an attempt may be kept from starting where nobody says how long. */
export const DEFAULT_PENDING_TIMEOUT = '15m';

/**
 * Waits that are meant to be: others have what the attempt needs, and hand it on when they are done. No default ends
 * them, since nobody knows how long the others take; what a person writes does.
 */
const MEANT: ReadonlySet<string> = new Set(['Semaphore', 'CacheBusy']);

export const isMeant = (reason: string): boolean => MEANT.has(reason);

/** How long an attempt may be kept from starting for a reason; undefined: as long as the task may take. */
export function pendingBound({ planned, frame }: Place, reason: string): Bound | undefined {
  const text = writtenPendingTimeout({ planned, frame });
  if (text !== undefined) return { ms: parseDuration(text), field: `pendingTimeout of ${text}` };
  if (isMeant(reason)) return undefined;
  const field = `default pendingTimeout of ${DEFAULT_PENDING_TIMEOUT}`;
  return { ms: parseDuration(DEFAULT_PENDING_TIMEOUT), field };
}

export const writtenPendingTimeout = ({ planned, frame }: Pick<Place, 'planned' | 'frame'>): string | undefined =>
  planned.task.pendingTimeout ?? frame.plan.defaults?.pendingTimeout;

/**
 * How long a unit may take, in milliseconds, its attempts, waits and iterations included. The timeout of `defaults` is for
 * what has attempts: it does not end a sleep, a loop, a template or a wait for people, which have no usual length. An
 * iteration has no timeout of its own.
 */
export function timeoutOf({ planned, frame, loop }: Place): number | undefined {
  if (loop) return undefined;
  const { task, backend } = planned;
  const isUsual = backend !== undefined && backend !== 'Signal' && !task.loop;
  const text = task.timeout ?? (isUsual ? frame.plan.defaults?.timeout : undefined);
  return text === undefined ? undefined : parseDuration(text);
}
