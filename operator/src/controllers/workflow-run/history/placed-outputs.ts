import { decodeEvents, type WorkflowRun } from '../../../api/index.ts';
import { type Given, placedBy, type Wanted } from '../../../engine/index.ts';
import type { CallOptions } from '../../../runtime/index.ts';
import type { PageCache, PagedOutputs } from '../page-cache.ts';
import { type HistoryDeps, readPage } from './history.ts';
import { pageName } from './pages.ts';

/** Pages that are read at once. */
const AT_ONCE = 8;

export interface PlacedDeps extends HistoryDeps {
  readonly memories: { readonly pages: PageCache };
}

/**
 * What a task handed on and the state holds by its place, from the pages and the tail of the run as it is stored. A page
 * that is missing or not genuine is told as damage; what cannot be read now is thrown.
 */
export async function givenOf(
  deps: PlacedDeps,
  run: WorkflowRun,
  { path, pages }: Wanted,
  options: CallOptions,
): Promise<Given> {
  const outputs: PagedOutputs = new Map();
  const { firstSeq = 1, tail = '[]' } = run.status?.journal ?? {};
  // A page that begins behind the tail's first event holds nothing that is stored: its events are those of the decision.
  const inTail = pages.includes(firstSeq) ? placedIn(tail) : new Map();
  const stored = pages.filter((page) => page < firstSeq);
  for (let from = 0; from < stored.length; from += AT_ONCE) {
    const some = stored.slice(from, from + AT_ONCE);
    const found = await Promise.all(some.map((page) => outputsOfPage(deps, run, page, options)));
    const missing = found.indexOf(undefined);
    if (missing >= 0) return { damage: damageOf(run, some[missing] ?? 0) };
    for (const each of found) addTo(outputs, path, each ?? new Map());
  }
  addTo(outputs, path, inTail);
  return { outputs };
}

async function outputsOfPage(
  { memories, ...deps }: PlacedDeps,
  run: WorkflowRun,
  page: number,
  options: CallOptions,
): Promise<PagedOutputs | undefined> {
  const key = pageName(run.metadata.uid ?? '', page);
  const known = memories.pages.get(key);
  if (known) return known;
  const found = await readPage(deps, run, page, options);
  if (!found) return undefined;
  const outputs = placedIn(found.events);
  memories.pages.set(key, outputs, found.events.length);
  return outputs;
}

/** The outputs in a page that states hold by their place, by the path of each unit. */
const placedIn = (events: string): PagedOutputs => new Map(decodeEvents(events).flatMap(placedBy));

/** Takes those of one task: its own, or those of its items. */
function addTo(outputs: PagedOutputs, task: string, page: PagedOutputs): void {
  for (const [unit, each] of page) if (unit.replace(/\[\d+\]$/, '') === task) outputs.set(unit, each);
}

function damageOf({ metadata }: WorkflowRun, page: number): string {
  const name = pageName(metadata.uid ?? '', page);
  return `the RunJournal ${name} was forged, changed or deleted; repeat the run with mode Rerun`;
}
