/** Which cores processes may use, as Linux writes it: `0-3,6`. Pure. */

/** @throws RangeError when the text is no list of cores */
export function coresOf(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    if (first === undefined) throw new RangeError(`"${list}" is no list of cores`);
    const from = Number(first);
    return Array.from({ length: Number(last ?? first) - from + 1 }, (_, index) => from + index);
  });
}

/**
 * The first `cpus` of the cores; all of them when it is undefined.
 * @throws TypeError that names the option when there are not so many
 */
export function firstCores(cores: readonly number[], cpus: number | undefined): readonly number[] {
  if (cpus === undefined) return cores;
  if (cpus <= cores.length) return cores.slice(0, cpus);
  throw new TypeError(`--cpus: "${cpus}" is more than the ${cores.length} cores of this machine`);
}
