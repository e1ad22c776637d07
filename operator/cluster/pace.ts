/** How fast this machine is, by a fixed piece of work: machines of the same size differ by a factor of two and more. */
import { createHash } from 'node:crypto';

/** What the work takes on the machine on which expected times were measured, ms. */
const REFERENCE_MS = 70;
const ROUNDS = 3;
const OBJECTS = 8_000;

let measured: number | undefined;

/** How many times as long as the reference this machine takes; at least 0.25. Measured once, in about a second. */
export function pace(): number {
  measured ??= Math.max(0.25, Math.min(...Array.from({ length: ROUNDS }, timed)) / REFERENCE_MS);
  return measured;
}

/** ms of CPU, so that whatever else runs now says nothing of the machine. */
function timed(): number {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

/** What Node programs do all day: objects, JSON, strings, sorting and digests. */
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
