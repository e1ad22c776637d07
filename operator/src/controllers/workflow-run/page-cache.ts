import type { Outputs } from '../../api/index.ts';
import { BoundedMap } from '../../bounds/index.ts';

/** Outputs by the path of the unit that handed them on. */
export type PagedOutputs = Map<string, Outputs>;

/** Bytes of pages that are remembered. */
const MAX_BYTES = 32 * 1024 * 1024;

interface Page {
  readonly outputs: PagedOutputs;
  readonly bytes: number;
}

/** Outputs of genuine pages of all runs, by the name of the page. Pages that were not read for longest are dropped first. */
export class PageCache {
  readonly #pages: BoundedMap<Page>;

  constructor(maxBytes = MAX_BYTES) {
    this.#pages = new BoundedMap({ max: maxBytes, weigh: ({ bytes }) => bytes });
  }

  get(name: string): PagedOutputs | undefined {
    const page = this.#pages.get(name);
    if (page) this.#pages.set(name, page);
    return page?.outputs;
  }

  /** @param bytes of the events of the page, as text */
  set(name: string, outputs: PagedOutputs, bytes: number): void {
    this.#pages.set(name, { outputs, bytes });
  }
}
