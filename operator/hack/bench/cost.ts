/** CPU costs of the operator, in figures that scale with the machine. Pure. */

/** CPU that was used while something was measured, seconds. */
export interface Cost {
  readonly cpuSeconds: number;
  /** Of the API server in the same time, whoever asked it. */
  readonly apiServerCpuSeconds: number;
  /** Of one unit of work: the mean of one before and one after. */
  readonly unitSeconds: number;
}

/** The cost alone, of what holds more. */
export const costOf = ({ cpuSeconds, apiServerCpuSeconds, unitSeconds }: Cost): Cost => ({
  cpuSeconds,
  apiServerCpuSeconds,
  unitSeconds,
});

/** The operator's CPU in shares of the API server's. @throws RangeError when the server used none: nothing was measured */
export const inApiServers = ({ cpuSeconds, apiServerCpuSeconds }: Cost): number =>
  ratioOf(cpuSeconds, apiServerCpuSeconds);

/** The operator's CPU in units of work for each thousand of `count`. @throws RangeError when `count` or the unit is 0 */
export const unitsPer1000 = ({ cpuSeconds, unitSeconds }: Cost, count: number): number =>
  ratioOf(cpuSeconds * 1000, unitSeconds * count);

/** How many times `of` a value is. @throws RangeError unless `of` is above 0: no measurement must never read as a good one */
export function ratioOf(value: number, of: number): number {
  if (!(of > 0)) throw new RangeError(`nothing is measured in parts of ${of}`);
  return value / of;
}
