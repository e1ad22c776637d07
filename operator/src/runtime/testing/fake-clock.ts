import { type Clock, sleepOn, type Timer } from '../clock.ts';

interface Pending {
  readonly due: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A clock that stands still until a test moves it. Wall and monotonic time can be moved apart. */
export class FakeClock implements Clock {
  private wall: number;
  private mono = 0;
  private order = 0;
  private readonly pending = new Set<Pending>();

  constructor(startEpochMs = Date.UTC(2026, 0, 1)) {
    this.wall = startEpochMs;
  }

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.mono;
  }

  setTimeout(fn: () => void, ms: number): Timer {
    const entry: Pending = { due: this.mono + Math.max(0, ms), order: this.order++, fn };
    this.pending.add(entry);
    return { cancel: () => void this.pending.delete(entry) };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** Timers that wait. A test that ends with some has leaked them. */
  get timers(): number {
    return this.pending.size;
  }

  /** Moves the wall clock alone, as a time server or an administrator does. */
  skewWall(ms: number): void {
    this.wall += ms;
  }

  /** Moves both clocks without firing any timer, as a process that was stopped and continued sees it. */
  freeze(ms: number): void {
    this.mono += ms;
    this.wall += ms;
  }

  /** Moves time on by `ms`, fires what comes due in order, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const target = this.mono + ms;
    await settle();
    for (let next = this.next(target); next; next = this.next(target)) {
      this.pending.delete(next);
      this.moveTo(Math.max(next.due, this.mono));
      next.fn();
      await settle();
    }
    this.moveTo(target);
    await settle();
  }

  private next(limit: number): Pending | undefined {
    let first: Pending | undefined;
    for (const entry of this.pending) {
      if (entry.due > limit) continue;
      if (!first || entry.due < first.due || (entry.due === first.due && entry.order < first.order)) first = entry;
    }
    return first;
  }

  private moveTo(target: number): void {
    this.wall += target - this.mono;
    this.mono = target;
  }
}

/** Lets everything that is already resolved run, macrotasks included. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
