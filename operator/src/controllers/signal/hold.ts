import { controllerOf, FINALIZER_ANSWERS, objectKey, type Signal, type WorkflowRun } from '../../api/index.ts';
import type { KubeClient } from '../../runtime/index.ts';
import { SIGNALS } from '../resources.ts';
import { readRun } from '../workflow-run/observe.ts';
import { isEnded } from './chain.ts';
import { type JudgeDeps, judgeSignal } from './judge.ts';

/** Whether the finalizer keeps the signal for what was answered. */
export const isHeld = ({ metadata }: Signal): boolean => metadata.finalizers?.includes(FINALIZER_ANSWERS) === true;

/** Whether a held signal has ended, or is being deleted and holds no answer that its run can still take. */
export async function mayGo(
  deps: JudgeDeps & { readonly client: KubeClient },
  signal: Signal,
  abort: AbortSignal,
): Promise<boolean> {
  if (isEnded(signal)) return true;
  if (!signal.metadata.deletionTimestamp) return false;
  const judgement = judgeSignal(deps, signal);
  if (typeof judgement === 'object' && 'ended' in judgement) return true;
  const run = askerOf(deps, signal) ?? (await readAsker(deps, signal, abort));
  // The answers of a run that is being deleted decide nothing any more.
  if (!run || run.metadata.deletionTimestamp) return true;
  if (typeof judgement === 'string') return false;
  const recorded = new Set(judgement.waits.responses?.map(({ username }) => username));
  return (signal.spec.responses ?? []).every(({ username }) => recorded.has(username));
}

function askerOf({ runs }: JudgeDeps, { metadata }: Signal): WorkflowRun | undefined {
  const { namespace = '' } = metadata;
  const owner = controllerOf(metadata);
  const run = owner && runs.get(objectKey({ namespace, name: owner.name }));
  return run?.metadata.uid === owner?.uid ? run : undefined;
}

/** A run that is missing from the cache is gone only if a live read says so. */
async function readAsker(
  deps: { readonly client: KubeClient },
  { metadata: { namespace = '', ...metadata } }: Signal,
  abort: AbortSignal,
): Promise<WorkflowRun | undefined> {
  const owner = controllerOf(metadata);
  return owner && readRun(deps, { metadata: { namespace, name: owner.name, uid: owner.uid } }, abort);
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
