import type { Bytes } from './store.ts';

/**
 * Cuts a stream into pieces of exactly `size` bytes; the last one is the rest, and never empty. A piece is valid until the
 * next one is asked for: all of them share the same memory.
 */
export async function* parts(body: Bytes, size: number): AsyncGenerator<Buffer<ArrayBuffer>> {
  const part = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(size - filled, chunk.length - at);
      part.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < size) continue;
      yield part;
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}
