import { isDeepStrictEqual } from 'node:util';
import {
  ANNOTATION_TASK,
  API_VERSION,
  type Attests,
  FINALIZER_ANSWERS,
  type ObservedResponse,
  type ObservedUser,
  objectId,
  type RenderedSignal,
  SIGNAL,
  type Signal,
  type SignalResponse,
  type Stamp,
} from '../api/index.ts';
import { labelsOfRun, ownedByRun } from '../pods/index.ts';
import { isControlledBy } from '../runtime/index.ts';
import type { RunContext } from './executor.ts';
import type { Identities } from './identity.ts';
import { secretSignalName, signalObjectNames } from './signal-name.ts';

/** The Signal by which a task asks, with what was answered to one that is gone. */
export function buildSignal(
  run: RunContext,
  { path, rendered }: { readonly path: string; readonly rendered: RenderedSignal },
  name: string,
  identities: Identities,
): Signal {
  const { type, request, answered } = rendered;
  return {
    apiVersion: API_VERSION,
    kind: SIGNAL.kind,
    metadata: {
      name,
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
      proof: identities.proofOf('Signal', name, run, asking(path)),
      ...(answered.length > 0 ? { responses: answered.map((answer) => ({ ...answer })) } : {}),
    },
  };
}

/** A signal is of the task, whichever attempt asks by it. */
const asking = (path: string) => ({ path, attempt: 0 });

/** A task that asks: `rendered` is missing where what it was made of cannot be evaluated any more. */
export interface Asking {
  readonly path: string;
  readonly rendered: RenderedSignal | undefined;
  /** The signal that was recorded for it; one that is made again carries proof. */
  readonly object?: string | undefined;
  readonly unproven?: true | undefined;
}

/**
 * Whether an object is what the run asks by, and shows what it asks: made by the operator, under one of its names. One
 * that shows something else is a stranger's, whatever else it says.
 */
export function isAskedBy(
  signal: Signal,
  run: Pick<RunContext, 'name' | 'namespace' | 'uid'>,
  { path, rendered, object, unproven }: Asking,
  identities: Pick<Identities, 'isProven'>,
): boolean {
  const { type, task, request } = signal.spec;
  const { metadata } = signal;
  if (type === 'Data' || task !== path || metadata.namespace !== run.namespace) return false;
  const isRecorded = object !== undefined && object === objectId(metadata.uid ?? '');
  const isOld = unproven && isControlledBy(signal, run.uid);
  const isNamed = signalObjectNames(run, path).includes(metadata.name ?? '');
  // The proof covers the name.
  if (!(isNamed && (isRecorded || isOld)) && !isMadeFor(signal, run, identities)) return false;
  if (!rendered) return true;
  return type === rendered.type && isDeepStrictEqual(plainOf(request), plainOf(rendered.request));
}

/**
 * Whether the operator made a signal for this run. The proof is in the spec, which nobody can change: owners, labels,
 * annotations and finalizers of a signal can be, by whoever may answer it.
 */
export function isMadeFor(
  { metadata, spec }: Signal,
  run: Pick<RunContext, 'namespace' | 'uid'>,
  identities: Pick<Identities, 'isProven'>,
): boolean {
  const { proof, task = '' } = spec;
  return proof !== undefined && identities.isProven('Signal', metadata, run, asking(task), proof);
}

/** The names by which a task asks, in their order; the last one is worked out only where it is needed. */
export function* signalNames(
  run: Pick<RunContext, 'name' | 'namespace' | 'uid'>,
  path: string,
  identities: Pick<Identities, 'proofOf'>,
): Generator<string> {
  yield* signalObjectNames(run, path);
  yield secretSignalName(run, identities.proofOf('Signal', '', run, asking(path)));
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
