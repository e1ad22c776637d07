/** What a process's memory was at a time. */
export interface Sample {
  readonly ms: number;
  readonly bytes: number;
}

const MS_PER_HOUR = 3_600_000;

/** By how much memory grows, in bytes an hour: least squares. Pure. @throws RangeError without two times to compare */
export function slopeOf(samples: readonly Sample[]): number {
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const ms = meanOf(samples.map((sample) => sample.ms));
  const bytes = meanOf(samples.map((sample) => sample.bytes));
  const along = samples.reduce((sum, sample) => sum + (sample.ms - ms) ** 2, 0);
  if (!(along > 0)) throw new RangeError('a slope needs samples of two times');
  const both = samples.reduce((sum, sample) => sum + (sample.ms - ms) * (sample.bytes - bytes), 0);
  return (both / along) * MS_PER_HOUR;
}
