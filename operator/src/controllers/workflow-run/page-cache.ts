import type { Outputs } from '../../api/index.ts';

/** Outputs by the path of the unit that handed them on. */
export type PagedOutputs = Map<string, Outputs>;

/** Bytes of pages that are remembered. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Outputs of genuine pages of all runs, by the name of the page. What was not used for longest is forgotten first. */
export class PageCache {
  readonly #pages = new Map<string, { readonly outputs: PagedOutputs; readonly bytes: number }>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get(name: string): PagedOutputs | undefined {
    const page = this.#pages.get(name);
    if (!page) return undefined;
    this.#pages.delete(name);
    this.#pages.set(name, page);
    return page.outputs;
  }

  /** @param bytes of the events of the page, as text */
  set(name: string, outputs: PagedOutputs, bytes: number): void {
    this.#forget(name);
    this.#pages.set(name, { outputs, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#pages.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#forget(oldest);
    }
  }

  #forget(name: string): void {
    this.#bytes -= this.#pages.get(name)?.bytes ?? 0;
    this.#pages.delete(name);
  }
}
