import { API_VERSION, type Proves, RUN_JOURNAL, type RunJournal, type WorkflowRun } from '../../../api/index.ts';
import { digestOfPage, digestText, type Page } from '../../../engine/index.ts';
import { controllerReference, isAlreadyExists, type KubeClient, WaitingError } from '../../../runtime/index.ts';
import { RUN_JOURNALS, WORKFLOW_RUNS } from '../../resources.ts';

/** How many names a page may have besides its first. They cannot be guessed, so whoever takes one has seen it first. */
const SPARE_NAMES = 3;
const NAME_AGAIN_MS = 10_000;

interface PageDeps {
  readonly client: Pick<KubeClient, 'create' | 'get'>;
  readonly proves: Proves;
}

/** Of all names that a page may have, the one that it has unless others were there first. */
export const pageName = (uid: string, firstSeq: number): string => `${uid}-${firstSeq}`;

/** The names under which a page is looked for, in this order: those by the key of today come first. */
export function pageNames(proves: Proves, { metadata }: Pick<WorkflowRun, 'metadata'>, firstSeq: number): string[] {
  const { namespace, uid = '' } = metadata;
  const first = pageName(uid, firstSeq);
  const spares = Array.from({ length: SPARE_NAMES }, (_, spare) => {
    const texts = proves.unguessable({ of: 'pageName', namespace, run: uid, firstSeq, spare });
    return texts.map((text) => `${first}-${digestText(text).slice(0, 16)}`);
  });
  const keys = Math.max(...spares.map((names) => names.length));
  return [first, ...Array.from({ length: keys }, (_, key) => spares.flatMap((names) => names[key] ?? [])).flat()];
}

/** What the proof of a page is about: one page of one run, and through its digest all earlier ones. */
function claimOf(namespace: string | undefined, name: string, uid: string, page: Omit<Page, 'digest'>) {
  return { of: 'page', namespace, name, run: uid, firstSeq: page.firstSeq, digest: digestOfPage(page) };
}

/** Whether the operator made the page, for just this run and under just this name. */
export function isProven(proves: Proves, run: Pick<WorkflowRun, 'metadata'>, { metadata, spec }: RunJournal): boolean {
  const { namespace, uid = '' } = run.metadata;
  return spec.runRef.uid === uid && proves.proves(spec.proof, claimOf(namespace, metadata.name, uid, spec));
}

/**
 * Stores a page before the tail that it came from is trimmed. Storing it twice is storing it once. Returns what others
 * have stored in its place, if they have: the page has another name then.
 */
export async function storePage(
  deps: PageDeps,
  run: WorkflowRun,
  page: Page,
  signal: AbortSignal,
): Promise<{ readonly isNew: boolean; readonly strangers: readonly string[] }> {
  const digest = digestOfPage(page);
  const strangers: string[] = [];
  for (const name of pageNames(deps.proves, run, page.firstSeq)) {
    const existing = await create(deps, run, name, page, signal);
    if (!existing || digestOfPage(existing.spec) === digest) return { isNew: !existing, strangers };
    strangers.push(name);
  }
  throw new WaitingError(
    'NameTaken',
    `RunJournals ${strangers.join(', ')} were not created by Ado; delete them`,
    NAME_AGAIN_MS,
  );
}

/** Creates the page, or returns what has its name. */
async function create(
  { client, proves }: PageDeps,
  run: WorkflowRun,
  name: string,
  page: Page,
  signal: AbortSignal,
): Promise<RunJournal | undefined> {
  const { namespace = '', uid = '' } = run.metadata;
  const object: RunJournal = {
    apiVersion: API_VERSION,
    kind: RUN_JOURNAL.kind,
    metadata: { name, namespace, ownerReferences: [controllerReference(WORKFLOW_RUNS, run)] },
    spec: {
      runRef: { name: run.metadata.name, uid },
      ...page,
      proof: proves.code(claimOf(namespace, name, uid, page)),
    },
  };
  try {
    await client.create(RUN_JOURNALS, object, { signal });
    return undefined;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return client.get<RunJournal>(RUN_JOURNALS, { name, namespace }, { signal });
  }
}
