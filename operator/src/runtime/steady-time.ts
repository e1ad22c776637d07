/** A step that is larger than this, ms, is believed at once: a machine that slept, not a clock that was set. */
const BELIEVED_STEP_MS = 15 * 60_000;
/** How much quicker or slower than it is time may pass until a step is made up for. */
const SLEW = 0.1;

/**
 * Time of day that does not jump. Deadlines, backoffs and the age of a silence are told by it: were it set forward by
 * five minutes, tasks would time out that had not; were it set back, every wait would last five minutes longer. So a
 * step of the wall clock is made up for slowly, at a tenth of the time that passes, and what is waited for is early or
 * late by a tenth at most.
 */
export class SteadyTime {
  private readonly wall: () => number;
  private readonly monotonic: () => number;
  /** What is added to the monotonic time, as of `at`. */
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
