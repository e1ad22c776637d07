import { cpus, totalmem } from 'node:os';

/** What the machine of a measurement is, to be written beside its results. */
export function machine(): Record<string, unknown> {
  const model = cpus()[0]?.model ?? '';
  return { cpus: cpus().length, model, memoryMegabytes: Math.round(totalmem() / 1e6), node: process.version };
}
