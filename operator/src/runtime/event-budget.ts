import type { Clock } from './clock.ts';

interface Bucket {
  tokens: number;
  refilled: number;
}

/** Objects whose budgets are remembered; the one unheard of for longest is forgotten first. */
const MAX_OBJECTS = 4096;

/** How many events each object may still have: a bucket of `burst` that gains one every `refillMs`. */
export class EventBudget {
  private readonly clock: Clock;
  private readonly burst: number;
  private readonly refillMs: number;
  private readonly buckets = new Map<string, Bucket>();

  constructor(clock: Clock, burst: number, refillMs: number) {
    this.clock = clock;
    this.burst = burst;
    this.refillMs = refillMs;
  }

  /** Takes one event from the object's budget; false when there is none left. */
  take(object: string): boolean {
    const now = this.clock.monotonic();
    const bucket = this.buckets.get(object) ?? { tokens: this.burst, refilled: now };
    const gained = Math.floor((now - bucket.refilled) / this.refillMs);
    bucket.tokens = Math.min(this.burst, bucket.tokens + gained);
    bucket.refilled += gained * this.refillMs;
    this.remember(object, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  private remember(object: string, bucket: Bucket): void {
    this.buckets.delete(object);
    this.buckets.set(object, bucket);
    if (this.buckets.size <= MAX_OBJECTS) return;
    for (const oldest of this.buckets.keys()) {
      this.buckets.delete(oldest);
      return;
    }
  }
}
