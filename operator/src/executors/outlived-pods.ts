import { ANNOTATION_ENDED, someOf } from '../api/index.ts';
import { outlivedBy, type Pod } from '../pods/index.ts';
import {
  type Clock,
  isNotFound,
  isPatchMismatch,
  type JsonPatchOperation,
  type KubeClient,
  PODS,
} from '../runtime/index.ts';

/** How long what others put into a pod may go on when the task has ended: to send what it has gathered, and end itself. */
export const OTHERS_GRACE_MS = 10_000;
const MAX_NAMED = 5;

/**
 * Pods whose task has ended and in which containers of others go on, as the proxy of a mesh does for ever. Each has a grace,
 * counted from when this process saw it first: clocks of nodes say nothing.
 */
export class OutlivedPods {
  readonly #client: Pick<KubeClient, 'patch'>;
  readonly #clock: Clock;
  /** Monotonic time since which a pod, by its uid, is outlived. */
  readonly #since = new Map<string, number>();

  constructor(client: Pick<KubeClient, 'patch'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** How many pods are remembered. */
  get size(): number {
    return this.#since.size;
  }

  /** Milliseconds until a pod is to be ended, 0 if it is now; undefined if it ends by itself, or is on its way out. */
  left(pod: Pod): number | undefined {
    const { uid = '' } = pod.metadata;
    if (!isOutlived(pod)) {
      this.#since.delete(uid);
      return undefined;
    }
    const now = this.#clock.monotonic();
    const since = this.#since.get(uid) ?? now;
    this.#since.set(uid, since);
    return Math.max(0, since + OTHERS_GRACE_MS - now);
  }

  /** Ends one that is still held for its result: what stores artifacts is told to begin when all others have ended. */
  async end(pod: Pod, signal: AbortSignal | undefined): Promise<void> {
    const { metadata } = pod;
    const operations = [{ op: 'test', path: '/metadata/uid', value: metadata.uid } as const, ...endingOf(pod)];
    try {
      await this.#client.patch(PODS, metadata, { kind: 'json', operations }, { signal, answer: 'Unread' });
    } catch (error) {
      // Gone, or another one: nothing is left to be ended.
      if (!isNotFound(error) && !isPatchMismatch(error)) throw error;
    }
  }

  forget(uid: string): void {
    this.#since.delete(uid);
  }
}

/** Whether containers of others go on in a pod whose task has ended, and nothing ends it yet. */
export function isOutlived(pod: Pod): boolean {
  const { deletionTimestamp, annotations } = pod.metadata;
  const isEnding = deletionTimestamp !== undefined || annotations?.[ANNOTATION_ENDED] !== undefined;
  return !isEnding && outlivedBy(pod).length > 0;
}

/**
 * How a pod is ended and kept, with its logs: a deadline is the one thing by which the API lets a running pod be ended
 * without deleting it. Its containers get SIGTERM, and the grace of the pod.
 */
export function endingOf(pod: Pod): JsonPatchOperation[] {
  const named = someOf(outlivedBy(pod), MAX_NAMED);
  const why = `the task ended but ${named} kept running; Ado set activeDeadlineSeconds to stop the pod`;
  return [
    { op: 'add', path: `/metadata/annotations/${ANNOTATION_ENDED.replace('/', '~1')}`, value: why },
    { op: 'add', path: '/spec/activeDeadlineSeconds', value: 1 },
  ];
}
