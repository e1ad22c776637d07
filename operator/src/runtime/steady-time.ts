/** A step that is larger than this, ms, is applied at once: the machine slept, the clock was not set. */
const BELIEVED_STEP_MS = 15 * 60_000;
/** The share by which time may pass faster or slower until a step is made up for. */
const SLEW = 0.1;

/**
 * Time of day that does not jump. Deadlines, backoffs and the age of a silence are measured by it: if it were set forward
 * by five minutes, tasks would time out early; if it were set back, every wait would last five minutes longer. So a step
 * of the wall clock is made up for slowly, by a tenth of the time that passes, and every wait ends early or late by a
 * tenth at most.
 */
export class SteadyTime {
  private readonly wall: () => number;
  private readonly monotonic: () => number;
  /** The difference to the monotonic time, as of `at`. */
  private offset: number;
  private at: number;

  constructor(wall: () => number, monotonic: () => number) {
    this.wall = wall;
    this.monotonic = monotonic;
    this.at = monotonic();
    this.offset = wall() - this.at;
  }

  /** Milliseconds since 1970. */
  now(): number {
    const at = this.monotonic();
    const gap = this.wall() - at - this.offset;
    const most = Math.abs(gap) > BELIEVED_STEP_MS ? Number.POSITIVE_INFINITY : (at - this.at) * SLEW;
    this.offset += Math.max(-most, Math.min(most, gap));
    this.at = at;
    return Math.round(at + this.offset);
  }
}
