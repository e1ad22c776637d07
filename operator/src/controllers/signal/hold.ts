import { controllerOf, FINALIZER_ANSWERS, type Signal, type WorkflowRun } from '../../api/index.ts';
import { isNotFound, type KubeClient, type Store } from '../../runtime/index.ts';
import { SIGNALS, WORKFLOW_RUNS } from '../resources.ts';
import { isEnded, linksOf } from '../stores/links.ts';
import { askerAmong, type JudgeDeps, judgeSignal } from './judge.ts';

/** Whether the finalizer keeps the signal for what was answered. */
export const hasAnswersFinalizer = ({ metadata }: Signal): boolean =>
  metadata.finalizers?.includes(FINALIZER_ANSWERS) === true;

/** What tells whether a signal may be deleted. Which of its ends it came to does not matter: cached runs say enough. */
export interface HoldDeps extends JudgeDeps {
  readonly client: KubeClient;
  readonly runs: Store<WorkflowRun>;
}

/** Whether a held signal has ended, or is being deleted and holds no answer that its run can still take. */
export async function mayGo(deps: HoldDeps, signal: Signal, abort: AbortSignal): Promise<boolean> {
  if (isEnded(signal)) return true;
  if (!signal.metadata.deletionTimestamp) return false;
  const links = linksOf(deps.runs, signal.metadata.namespace ?? '', signal.spec.run);
  const judgement = judgeSignal(deps, signal, links);
  if (typeof judgement === 'object' && 'ended' in judgement) return true;
  const run = askerAmong(deps, links, signal) ?? (await readAsker(deps, signal, abort));
  // The answers of a run that is being deleted decide nothing any more.
  if (!run || run.metadata.deletionTimestamp) return true;
  if (typeof judgement === 'string') return false;
  const recorded = new Set(judgement.waits.responses?.map(({ username }) => username));
  return (signal.spec.responses ?? []).every(({ username }) => recorded.has(username));
}

/** A run that is missing from the cache is gone only if a live read says so. */
async function readAsker(deps: HoldDeps, signal: Signal, abort: AbortSignal): Promise<WorkflowRun | undefined> {
  const { namespace } = signal.metadata;
  const name = controllerOf(signal.metadata)?.name ?? signal.spec.run;
  try {
    const live = await deps.client.get<WorkflowRun>(WORKFLOW_RUNS, { namespace, name }, { signal: abort });
    return askerAmong(deps, [live], signal);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Takes the finalizer away, unless the signal has changed since: something may have been answered. */
export async function letGo({ client }: { readonly client: KubeClient }, { metadata }: Signal, abort: AbortSignal) {
  const finalizers = metadata.finalizers?.filter((name) => name !== FINALIZER_ANSWERS) ?? [];
  const operations = [
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    { op: 'add', path: '/metadata/finalizers', value: finalizers },
  ] as const;
  const options = { signal: abort, answer: 'Unread' } as const;
  await client.patch(SIGNALS, metadata, { kind: 'json', operations }, options);
}
