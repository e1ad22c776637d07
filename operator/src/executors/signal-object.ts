import { isDeepStrictEqual } from 'node:util';
import {
  ANNOTATION_TASK,
  API_VERSION,
  type Attests,
  FINALIZER_ANSWERS,
  type ObservedResponse,
  type ObservedUser,
  type RenderedSignal,
  SIGNAL,
  type Signal,
  type SignalResponse,
  type Stamp,
} from '../api/index.ts';
import { labelsOfRun, ownedByRun } from '../pods/index.ts';
import { isControlledBy } from '../runtime/index.ts';
import type { RunContext } from './executor.ts';
import { signalObjectName } from './signal-name.ts';

/** The Signal by which a task asks, with what was answered to one that is gone. */
export function buildSignal(run: RunContext, path: string, rendered: RenderedSignal, alternative: number): Signal {
  const { type, request, answered } = rendered;
  return {
    apiVersion: API_VERSION,
    kind: SIGNAL.kind,
    metadata: {
      name: signalObjectName(run, path, alternative),
      namespace: run.namespace,
      labels: labelsOfRun(run),
      annotations: { [ANNOTATION_TASK]: path },
      ownerReferences: [ownedByRun(run)],
      ...(type === 'Approval' ? { finalizers: [FINALIZER_ANSWERS] } : {}),
    },
    spec: {
      type,
      run: rendered.run,
      task: path,
      request,
      ...(answered.length > 0 ? { responses: answered.map((answer) => ({ ...answer })) } : {}),
    },
  };
}

/**
 * Whether an object is what the run asks by, and shows what it asks. Whoever may create signals can write any owner, so
 * an object that shows something else is a stranger's, whatever else it says.
 */
export function isAskedBy(
  signal: Signal,
  run: Pick<RunContext, 'uid'>,
  path: string,
  rendered: RenderedSignal | undefined,
): boolean {
  const { type, task, request } = signal.spec;
  if (!isControlledBy(signal, run.uid) || type === 'Data' || task !== path) return false;
  if (!rendered) return true;
  return type === rendered.type && isDeepStrictEqual(plainOf(request), plainOf(rendered.request));
}

/** As it comes back from the API server: without fields that are there and undefined. */
const plainOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

/** Who did something; a time that nobody vouches for is left out. */
export function observeUser({ username, groups = [], time }: Stamp, attested: boolean): ObservedUser {
  const at = attested ? Date.parse(time ?? '') : Number.NaN;
  return { username, groups, attested, ...(Number.isNaN(at) ? {} : { time: at }) };
}

/** What was answered, and whether the admission webhook vouches for it. */
export function observeResponses(signal: Signal, attests: Attests): ObservedResponse[] {
  return (signal.spec.responses ?? []).map((response) => observeResponse(signal, response, attests));
}

function observeResponse(signal: Signal, response: SignalResponse, attests: Attests): ObservedResponse {
  const { decision, comment, values, digest } = response;
  return {
    ...observeUser(response, attests.response(signal, response)),
    ...(decision === undefined ? {} : { decision }),
    ...(comment === undefined ? {} : { comment }),
    ...(values === undefined ? {} : { values }),
    ...(digest === undefined ? {} : { digest }),
  };
}
