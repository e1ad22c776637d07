import type { AttemptObservation, Json, Outputs, ResourceAction } from '../api/index.ts';
import { redact } from '../redaction/index.ts';
import { ApiError, isConflict, isForbidden, type KubeObject } from '../runtime/index.ts';
import type { Refusal } from './executor.ts';
import { conflictText } from './field-manager.ts';
import { refusalOf } from './refusal.ts';

/** Evaluates CEL over `object`; throws when it has no value. Given by whoever wires the operator: the engine has it. */
export type Evaluate = (source: string, bindings: { readonly object: Json }) => Json;

/** What an attempt may hand on, as with pods. */
const MAX_OUTPUT_BYTES = 4095;
const MAX_MESSAGE = 512;
/** What the API server says of a manifest with a field that its kind does not have, or of another type. */
const MISFIT = /^failed to create typed patch object/;

type Failed = Extract<AttemptObservation, { phase: 'Failed' }>;

/** What an object says of its attempt; undefined while it goes on. */
export function judgeObject(
  evaluate: Evaluate,
  action: ResourceAction,
  object: KubeObject,
): Extract<AttemptObservation, { phase: 'Succeeded' | 'Failed' }> | undefined {
  const bindings = { object: seenByPeople(object) };
  if (action.failWhen !== undefined && holds(evaluate, action.failWhen, bindings)) {
    return failed('ResourceFailed', `failWhen is true for the object: ${action.failWhen}`);
  }
  if (action.successWhen !== undefined && !holds(evaluate, action.successWhen, bindings)) return undefined;
  try {
    const wanted = Object.entries(action.outputs ?? {});
    const outputs: Outputs = Object.fromEntries(wanted.map(([name, source]) => [name, evaluate(source, bindings)]));
    const bytes = Buffer.byteLength(JSON.stringify(outputs));
    if (bytes <= MAX_OUTPUT_BYTES) return { phase: 'Succeeded', message: '', outputs };
    return failed(
      'OutputsTooLarge',
      `resource.outputs are ${bytes} bytes, more than the limit of ${MAX_OUTPUT_BYTES}; output less of the object`,
    );
  } catch (error) {
    return failed('ExpressionError', `resource.outputs: ${messageOf(error)}`);
  }
}

/** An object as kubectl shows it: who owns which field is often more than all the rest, and asked for by nobody. */
function seenByPeople({ metadata, ...rest }: KubeObject): Json {
  const { managedFields: _owners, ...shown } = metadata;
  return { ...rest, metadata: shown } as unknown as Json;
}

/** A condition that has no value yet does not hold: a field of the status is there only once a controller set it. */
function holds(evaluate: Evaluate, source: string, bindings: { readonly object: Json }): boolean {
  try {
    return evaluate(source, bindings) === true;
  } catch {
    return false;
  }
}

/** The refusal behind an apply that failed. @throws the error itself when it says nothing about the object */
export function refusedApply(error: unknown, account: string): Refusal {
  if (isRbac(error))
    return {
      phase: 'Refused',
      reason: 'ResourceForbidden',
      message: grant(error, account, 'patch and create'),
      retry: false,
    };
  if (error instanceof ApiError && error.status === 404) {
    const message = `${error.message}; does the namespace of the manifest exist?`.slice(0, MAX_MESSAGE);
    return { phase: 'Refused', reason: 'ResourceRejected', message, retry: false };
  }
  if (isConflict(error)) return refusedForConflict(error);
  // What does not fit the schema is a 500 to the API server, as only apply has it.
  if (error instanceof ApiError && MISFIT.test(error.message)) {
    return { phase: 'Refused', reason: 'ResourceRejected', message: error.message.slice(0, MAX_MESSAGE), retry: false };
  }
  return refusalOf(error, 'ResourceRejected');
}

/** Fields of others end the task; any other conflict is with a change of the same moment, or with a version in the manifest. */
function refusedForConflict(error: ApiError): Refusal {
  const fields = conflictText(error);
  const message = fields
    ? `conflict with other field managers: ${fields}; remove the fields from the manifest, or take them over with resource.conflict: Force`
    : `${error.message}; remove resourceVersion and uid from the manifest`;
  const retry = fields === undefined;
  return { phase: 'Refused', reason: 'ResourceConflict', message: message.slice(0, MAX_MESSAGE), retry };
}

/** What a read that failed says of its attempt. @throws the error itself when it says nothing about the object */
export function failedRead(error: unknown, account: string): Failed {
  if (isRbac(error)) return failed('ResourceForbidden', grant(error, account, 'get'));
  if (error instanceof ApiError && error.status === 404) {
    return failed(
      'ResourceDeleted',
      `${error.message}: the object was deleted before successWhen was true; retry applies it again`,
    );
  }
  throw error;
}

const isRbac = (error: unknown): error is ApiError => isForbidden(error) && / is forbidden: User /.test(error.message);

function grant(error: ApiError, account: string, verbs: string): string {
  const remedy = `; grant ${account} ${verbs} on it with a Role and a RoleBinding`;
  return `${error.message.slice(0, MAX_MESSAGE - remedy.length)}${remedy}`;
}

export function failed(reason: Failed['reason'], message: string): Failed {
  return { phase: 'Failed', cause: 'User', reason, message: redact(message).slice(0, MAX_MESSAGE) };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
