/** The speed of this machine, measured by fixed work: machines of the same size differ by a factor of two and more. */
import { createHash } from 'node:crypto';

/** Time of the work on the reference machine of the expected times, ms. */
const REFERENCE_MS = 70;
const ROUNDS = 3;
const OBJECTS = 8_000;

let measured: number | undefined;

/** The time of this machine as a multiple of the reference; at least 0.25. Measured once, in about a second. */
export function pace(): number {
  measured ??= Math.max(0.25, Math.min(...Array.from({ length: ROUNDS }, timed)) / REFERENCE_MS);
  return measured;
}

/** CPU time in ms, so that other load does not affect the result. */
function timed(): number {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

/** Typical work of Node programs: objects, JSON, strings, sorting and digests. */
function work(): string {
  let digest = '';
  for (let index = 0; index < OBJECTS; index++) {
    const object = { index, digest, items: Array.from({ length: 40 }, (_, item) => ({ item, name: `item-${item}` })) };
    const copy = JSON.parse(JSON.stringify(object)) as typeof object;
    copy.items.sort((a, b) => b.item - a.item);
    digest = createHash('sha256').update(JSON.stringify(copy)).digest('hex');
  }
  return digest;
}
