import { objectKey, type WorkflowRun } from '../../../api/index.ts';
import { decodeState, type Given, handedOnBy } from '../../../engine/index.ts';
import { TerminalError } from '../../../runtime/index.ts';
import { wholeRun } from '../../stores/finished-runs.ts';
import type { RunDeps } from '../deps.ts';
import { readHistory } from './taken-over.ts';

/**
 * What the run that this one repeats handed on. Where that is gone or its history is damaged, the new run cannot go on;
 * what cannot be read now is thrown.
 */
export async function earlierOf(
  deps: Pick<RunDeps, 'client' | 'proves' | 'stores'>,
  { metadata: { namespace = '' }, status }: WorkflowRun,
  signal: AbortSignal,
): Promise<Given> {
  const { run: name = '', uid } = status?.origin ?? {};
  const cached = deps.stores.runs.get(objectKey({ namespace, name }));
  const origin = cached?.metadata.uid === uid ? cached && (await wholeRun(deps.client, cached, signal)) : undefined;
  const state = origin?.status?.state;
  if (!origin || state === undefined) {
    return {
      damage: `the run ${name} was deleted before all its outputs were taken over; start a new run without spec.from`,
    };
  }
  try {
    return { outputs: handedOnBy(decodeState(state), await readHistory(deps, origin, signal)) };
  } catch (error) {
    if (error instanceof TerminalError) return { damage: error.message };
    throw error;
  }
}
