import { type Attests, type DataSignal, objectKey, rootOf, type Signal, type WorkflowRun } from '../../api/index.ts';
import type { Observed, RunState } from '../../engine/index.ts';
import { type LiveAttempt, observeUser } from '../../executors/index.ts';
import { isNotFound } from '../../runtime/index.ts';
import { SIGNALS } from '../resources.ts';
import { addressesOf, isEnded, linksOf } from '../stores/links.ts';
import { PENDING_BY_RUN, SIGNALS_BY_UID } from '../stores/stores.ts';
import type { RunDeps } from './deps.ts';

/** Signals that are handed to one decision at most. */
const MAX_INBOX = 1_000;
const AT_ONCE = 16;
const PAGE = 500;

/** Until then a signal that was handed over is judged, and the next one can be. */
const NEXT_MS = 50;

export interface Mail extends Pick<Observed, 'inbox' | 'unacknowledged'> {
  /** More was sent than was read: look again when this is decided. */
  readonly recheckAfter?: number;
}

/** What was sent to a run that waits for it, and of which signals the run must still remember how they ended. */
export async function observeMail(
  deps: RunDeps,
  run: WorkflowRun,
  state: RunState,
  live: readonly LiveAttempt[],
  signal: AbortSignal,
): Promise<Mail> {
  const waits = openWaits(live);
  return {
    ...(waits.size > 0 ? await readInbox(deps, run, state, waits, signal) : {}),
    ...(state.verdicts.size > 0 ? { unacknowledged: await unacknowledgedOf(deps, run, state, signal) } : {}),
  };
}

/** How many tasks wait for signals of each name. */
function openWaits(live: readonly LiveAttempt[]): Map<string, number> {
  const waits = new Map<string, number>();
  for (const { task } of live) {
    if (!task.waitForSignal) continue;
    const name = task.waitForSignal.name ?? task.name;
    waits.set(name, (waits.get(name) ?? 0) + 1);
  }
  return waits;
}

/**
 * The next signals for each name, the oldest first. Each is confirmed by a live read: a cache that lags behind might show
 * as pending what another process has delivered and forgotten since, and it would be taken twice.
 */
async function readInbox(
  deps: RunDeps,
  run: WorkflowRun,
  state: RunState,
  waits: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<Pick<Mail, 'inbox' | 'recheckAfter'>> {
  const pending = pendingFor(deps, run).filter(({ metadata }) => !state.verdicts.has(metadata.uid ?? ''));
  const inbox: DataSignal[] = [];
  let left = 0;
  for (const [name, count] of waits) {
    const queue = pending.filter(({ spec }) => spec.name === name).slice(0, MAX_INBOX - inbox.length);
    for (let taken = 0; taken < count && queue.length > 0; ) {
      const next = queue.splice(0, Math.min(count - taken, AT_ONCE));
      const confirmed = (await Promise.all(next.map((each) => readPending(deps, each, signal)))).filter(
        (each) => !!each,
      );
      taken += confirmed.length;
      inbox.push(...confirmed.map((each) => dataOf(each, deps.attests)));
    }
    left += queue.length;
  }
  return { inbox, ...(left > 0 && inbox.length > 0 ? { recheckAfter: NEXT_MS } : {}) };
}

/** Data that was sent to any link of the run's chain and has not ended, in the order in which it is taken. */
function pendingFor({ stores }: Pick<RunDeps, 'stores'>, run: WorkflowRun): Signal[] {
  const links = linksOf(stores.runs, run.metadata.namespace ?? '', rootOf(run));
  const pending = addressesOf([...links, run]).flatMap((address) => stores.signals.byIndex(PENDING_BY_RUN, address));
  const data = pending.filter(({ spec, metadata }) => spec.type === 'Data' && !metadata.deletionTimestamp);
  return data
    .map((each) => ({ each, rank: rankOf(each) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ each }) => each);
}

/** The API server's second, then the admission webhook's millisecond, then the name. */
function rankOf({ metadata, spec }: Signal): string {
  return `${metadata.creationTimestamp ?? ''} ${spec.sender?.time ?? ''} ${metadata.name}`;
}

async function readPending(
  { client }: Pick<RunDeps, 'client'>,
  { metadata }: Signal,
  signal: AbortSignal,
): Promise<Signal | undefined> {
  try {
    const live = await client.get<Signal>(SIGNALS, metadata, { signal });
    return live.metadata.uid === metadata.uid && !isEnded(live) ? live : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function dataOf(signal: Signal, attests: Attests): DataSignal {
  const { metadata, spec } = signal;
  return {
    uid: metadata.uid ?? '',
    object: metadata.name,
    name: spec.name ?? '',
    values: spec.data ?? {},
    ...(spec.sender ? { sender: observeUser(spec.sender, attests.sender(signal)) } : {}),
  };
}

/**
 * The signals whose own status does not say yet how they ended. One that is missing from the cache is gone only if a live
 * list says so: to forget it too early would be to take it twice.
 */
async function unacknowledgedOf(
  deps: RunDeps,
  run: WorkflowRun,
  { verdicts }: RunState,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const memory = deps.memories.of(run.metadata.uid ?? '');
  const known = (uid: string) => deps.stores.signals.byIndex(SIGNALS_BY_UID, uid)[0];
  const uids = [...verdicts.keys()];
  const missing = uids.filter((uid) => !known(uid) && !memory.goneSignals?.has(uid));
  const found = missing.length > 0 ? await pendingLive(deps, run, signal) : new Set<string>();
  memory.goneSignals = new Set(uids.filter((uid) => !known(uid) && !found.has(uid)));
  return new Set(uids.filter((uid) => isPending(known(uid)) || found.has(uid)));
}

const isPending = (signal: Signal | undefined): boolean => signal !== undefined && !isEnded(signal);

/** Uids of all signals of the namespace that have not ended, as the server has them now. */
async function pendingLive(
  { client }: Pick<RunDeps, 'client'>,
  { metadata: { namespace } }: WorkflowRun,
  signal: AbortSignal,
): Promise<Set<string>> {
  const uids = new Set<string>();
  let token: string | undefined;
  do {
    const page = await client.list<Signal>(SIGNALS, { namespace, limit: PAGE, continue: token }, { signal });
    for (const each of page.items) if (!isEnded(each)) uids.add(each.metadata.uid ?? '');
    token = page.metadata.continue || undefined;
  } while (token);
  return uids;
}

/** The runs that a signal may have something to say to: those of the chain that it names, whatever owners it has. */
export function addresseesOf({ runs }: Pick<RunDeps['stores'], 'runs'>, { metadata, spec }: Signal): string[] {
  const links = linksOf(runs, metadata.namespace ?? '', spec.run).filter(
    ({ status }) => status?.finishedAt === undefined,
  );
  return links.map((run) => objectKey(run.metadata));
}
