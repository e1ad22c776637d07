import type { Proves, RunJournal, WorkflowRun } from '../../../api/index.ts';
import { digestOfPage, digestText, type PageMark } from '../../../engine/index.ts';
import { type CallOptions, isNotFound, type KubeClient } from '../../../runtime/index.ts';
import { RUN_JOURNALS } from '../../resources.ts';
import { isProven, pageName, pageNames } from './pages.ts';

/** Pages of history that are read of a run at most. */
export const MAX_PAGES = 500;

export interface HistoryDeps {
  readonly client: Pick<KubeClient, 'get'>;
  readonly proves: Proves;
}

type PageSpec = RunJournal['spec'];

/** The pages of a run, as far as they are genuine. */
export interface Pages {
  /** In order. Without those that are damaged. */
  readonly pages: readonly PageSpec[];
  /** How many of them were cut by a version that proved nothing: they may be what they say. */
  readonly unproven: number;
  /** Which ones were forged, changed or deleted, in words. */
  readonly damage?: string;
}

interface Reading {
  readonly deps: HistoryDeps;
  readonly run: WorkflowRun;
  readonly options: CallOptions;
}

/**
 * Reads the pages of a run, and believes only genuine ones: from the newest, which the status names, each names the one
 * before it; where that ends, the others are read from the first on.
 */
export async function readPages(deps: HistoryDeps, run: WorkflowRun, options: Reading['options']): Promise<Pages> {
  const journal = run.status?.journal ?? { firstSeq: 1, pages: 0 };
  const { firstSeq: tailFrom } = journal;
  const reading = { deps, run, options };
  const { pages: late, missing } = await readBack(reading, journal);
  const until = missing?.firstSeq ?? late[0]?.firstSeq ?? tailFrom;
  const { pages: early, unproven, reached } = await readOn(reading, until);
  const pages = [...early, ...late];
  if (!missing && reached === until) return { pages, unproven };
  return { pages, unproven, damage: damageText(run, reached, (late[0]?.firstSeq ?? tailFrom) - 1) };
}

/**
 * The page that begins there, if it is genuine: by its own proof or, where its key is gone, by the pages behind it.
 * Undefined when it was forged, changed or deleted.
 */
export async function readPage(
  deps: HistoryDeps,
  run: WorkflowRun,
  firstSeq: number,
  options: CallOptions,
): Promise<PageSpec | undefined> {
  const reading = { deps, run, options };
  const proven = await find(reading, firstSeq, (page) => isProven(deps.proves, run, page));
  if (proven) return proven;
  const { pages } = await readBack(reading, run.status?.journal ?? { pages: 0 });
  return pages.find((page) => page.firstSeq === firstSeq);
}

/** Follows the names of pages back, as far as they lead. */
async function readBack(
  reading: Reading,
  { newest, pages: counted }: { readonly newest?: PageMark | undefined; readonly pages: number },
): Promise<{ pages: PageSpec[]; missing: PageMark | undefined }> {
  const pages: PageSpec[] = [];
  for (let mark = newest; mark !== undefined; mark = pages[0]?.previous) {
    const { firstSeq, digest } = mark;
    const page = await find(reading, firstSeq, ({ spec }) => digestOfPage(spec) === digest);
    if (!page || pages.length >= counted) return { pages, missing: mark };
    pages.unshift(page);
  }
  return { pages, missing: undefined };
}

/** Reads from the first page on, up to the one that begins at `until`. */
async function readOn(
  reading: Reading,
  until: number,
): Promise<{ pages: PageSpec[]; unproven: number; reached: number }> {
  const { deps, run } = reading;
  const pages: PageSpec[] = [];
  let unproven = 0;
  let reached = 1;
  while (reached < until && pages.length < MAX_PAGES) {
    const page = await find(reading, reached, (found) => isProven(deps.proves, run, found) || isOld(found));
    if (!page || page.lastSeq < reached || page.lastSeq >= until) break;
    if (page.proof === undefined) unproven++;
    pages.push(page);
    reached = page.lastSeq + 1;
  }
  return { pages, unproven, reached };
}

/** Whether it is as versions wrote it that proved nothing. */
function isOld({ spec }: RunJournal): boolean {
  return spec.proof === undefined && spec.previous === undefined && digestText(spec.events) === spec.digest;
}

/** The page that begins there and is genuine, under whichever of its names. */
async function find(
  { deps, run, options }: Reading,
  firstSeq: number,
  isGenuine: (page: RunJournal) => boolean,
): Promise<PageSpec | undefined> {
  const { namespace = '', uid } = run.metadata;
  for (const name of pageNames(deps.proves, run, firstSeq)) {
    const page = await read(deps, { namespace, name }, options);
    if (page === undefined) continue;
    const isIts = page.spec.runRef.uid === uid && page.spec.firstSeq === firstSeq;
    if (isIts && isGenuine(page)) return page.spec;
  }
  return undefined;
}

async function read(
  { client }: HistoryDeps,
  ref: { namespace: string; name: string },
  options: Reading['options'],
): Promise<RunJournal | undefined> {
  try {
    return await client.get<RunJournal>(RUN_JOURNALS, ref, options);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function damageText({ metadata }: WorkflowRun, from: number, to: number): string {
  const first = pageName(metadata.uid ?? '', from);
  return `history events ${from} to ${to}, starting at RunJournal ${first}, were forged, changed or deleted`;
}
