import { decodeEvents } from '../../api/index.ts';
import { extendJournal, type Given, type Journal, nextPage, type Page, placedBy, type Wanted } from '../index.ts';

/** The history of a run in pages, as they are cut in production, and what a decision is given from them. */
export class PagedHistory {
  readonly pages: Page[] = [];
  #journal: Journal | undefined;
  #seq = 0;

  get tail(): string {
    return this.#journal?.tail ?? '[]';
  }

  get nextPage(): number {
    return nextPage(this.#journal, this.#seq);
  }

  /** The events of one write. */
  write(encoded: readonly string[]): void {
    if (encoded.length === 0) return;
    const { journal, page } = extendJournal(this.#journal, this.#seq, encoded);
    if (page) this.pages.push(page);
    this.#journal = journal;
    this.#seq += encoded.length;
  }

  /** What lies in the pages that are wanted, and nowhere else. */
  give({ path, pages }: Wanted): Given {
    const all = [...this.pages, { firstSeq: this.#journal?.firstSeq ?? 1, events: this.tail }];
    return placedIn(
      path,
      all.filter((page) => pages.includes(page.firstSeq)).map(({ events }) => events),
    );
  }
}

/** The placed outputs of a task among events. */
export function placedIn(path: string, texts: readonly string[]): Given {
  const events = texts.flatMap(decodeEvents);
  const isOfTask = (unit: string) =>
    unit === path || (unit.startsWith(`${path}[`) && !unit.slice(path.length).includes('/'));
  const found = events.flatMap(placedBy).filter(([unit]) => isOfTask(unit));
  return { outputs: new Map(found) };
}
