import type { WorkflowRun } from '../../api/index.ts';
import type { Given } from '../../engine/index.ts';
import { ConcurrencyGate } from './concurrency/concurrency-gate.ts';
import { PageCache } from './page-cache.ts';

/**
 * What this process remembers of a run between two reconciles: never needed for being right after a restart, always
 * needed for not deciding on a state older than the last one it wrote.
 */
export interface RunMemory {
  /** The object as the server returned it for our last write or read; newer than the cache until that has caught up. */
  latest?: WorkflowRun | undefined;
  /** The last write failed or its outcome is unknown: read the object before anything is decided. */
  isDoubtful?: boolean;
  /** How often in a row the run had changed under us; the wait before the next try grows with it. */
  collisions: number;
  /** What the stored status shows of live attempts, as `sightOf` words it. Unknown until this process has written. */
  shown?: string | undefined;
  /** Monotonic time since which people could see something else than that. */
  changedSince?: number | undefined;
  /** Monotonic time since which a success that nothing follows from waits for a write to ride on. */
  successSince?: number | undefined;
  /** What the run that this one repeats handed on, while it is taken over. */
  earlier?: Given | undefined;
  /** Monotonic time at which a reconcile last began something that its decision then did not record. */
  begunAt?: number | undefined;
  /** Uids of strangers that people were told of. */
  strangers?: Set<string>;
  /** Uids of signals with a verdict in the state that a live list did not have any more. */
  goneSignals?: ReadonlySet<string>;
}

export class RunMemories {
  readonly #memories = new Map<string, RunMemory>();
  /** Which runs of workflows with a limit were let in. */
  readonly concurrencyGate = new ConcurrencyGate();
  /** Outputs in pages of history, of all runs. */
  readonly pages = new PageCache();

  /** How many runs are remembered. */
  get size(): number {
    return this.#memories.size;
  }

  /** The memory of a run by uid; made on first use. */
  of(uid: string): RunMemory {
    let memory = this.#memories.get(uid);
    if (!memory) {
      memory = { collisions: 0 };
      this.#memories.set(uid, memory);
    }
    return memory;
  }

  /**
   * Whether this version of a run is the one that our own last write made. Then the cache has caught up, and the copy is
   * dropped: a second one of each run would cost as much memory as the first.
   */
  isEcho(uid: string, resourceVersion: string): boolean {
    const memory = this.#memories.get(uid);
    if (!memory || memory.isDoubtful || memory.latest?.metadata.resourceVersion !== resourceVersion) return false;
    memory.latest = undefined;
    return true;
  }

  forget(uid: string): void {
    this.#memories.delete(uid);
  }
}

/**
 * The newest of the cached and the remembered object. Sequence numbers order them: resource versions are opaque. With
 * equal numbers the cache is taken, since it also sees what others changed.
 */
export function freshest(cached: WorkflowRun, memory: RunMemory): WorkflowRun {
  const { latest } = memory;
  if (!latest || latest.metadata.uid !== cached.metadata.uid) return cached;
  if ((latest.status?.seq ?? 0) > (cached.status?.seq ?? 0)) return latest;
  return cached;
}
