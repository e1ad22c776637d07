import {
  type Backfill,
  DecodeError,
  decodeBackfill,
  decodeSignal,
  decodeWorkflow,
  decodeWorkflowRun,
  type Signal,
  type Workflow,
  type WorkflowRun,
} from '../api/index.ts';
import type { KubeObject } from '../runtime/index.ts';
import type { Attestation } from './attestation.ts';
import type { Judge, Judged } from './judge.ts';
import type { User } from './people.ts';
import { stampRun } from './run-stamp.ts';
import type { Left } from './served.ts';
import { stampSignal } from './signal-stamp.ts';
import { sizeProblem } from './size.ts';
import type { Changes, Moment, Stamped, Wish } from './stamped.ts';
import { stampWorkflow } from './workflow-stamp.ts';

/** The fields of an AdmissionRequest that are read here. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: string;
  readonly resource: { readonly resource: string };
  readonly subResource?: string;
  readonly namespace?: string;
  readonly userInfo: { readonly username?: string; readonly uid?: string; readonly groups?: readonly string[] };
  readonly object?: KubeObject | null;
  readonly oldObject?: KubeObject | null;
}

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly warnings?: readonly string[];
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  readonly patchType?: 'JSONPatch';
  /** JSON Patch, base64. */
  readonly patch?: string;
}

export interface ReviewerOptions {
  readonly attestation: Attestation;
  readonly judge: Judge;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly left: Left;
  /** Makes suffixes of generated names. */
  readonly suffix: () => string;
  /** The account of the operator, once it is known. Its own requests are always allowed. */
  readonly self: () => string | undefined;
}

type Asked = AdmissionRequest & { readonly object: KubeObject };
type Stored = KubeObject & { readonly spec?: Readonly<Record<string, unknown>> };

/** Reviews creates and updates of objects of our kinds. */
export class Reviewer {
  readonly #options: ReviewerOptions;

  constructor(options: ReviewerOptions) {
    this.#options = options;
  }

  /** An invalid object is refused and never causes an error. @throws Error while there is no key yet */
  async review(request: AdmissionRequest): Promise<AdmissionResponse> {
    const { uid, object, operation, subResource = '' } = request;
    const isWritten = operation === 'CREATE' || operation === 'UPDATE';
    const isOurs = request.userInfo.username === this.#options.self();
    if (!isWritten || isOurs || subResource !== '' || !object) return { uid, allowed: true };
    const asked = { ...request, object };
    const tooLarge = sizeProblem(object) ?? (request.oldObject ? sizeProblem(request.oldObject) : undefined);
    // Finalizers can still be removed from an object that was stored while the webhook was off.
    if (tooLarge !== undefined && object.metadata.deletionTimestamp !== undefined) return { uid, allowed: true };
    if (tooLarge !== undefined) return refusalOf(request, 422, tooLarge);
    // Definitions carry no attestation of another operator's namespace; that operator validates them.
    const left = this.#options.left(request.namespace);
    if (left !== undefined) return isVouchedFor(request) ? refusalOf(request, 403, left) : { uid, allowed: true };
    if (request.resource.resource === 'signals') return this.#stamp(asked, decodeSignal, stampSignal);
    if (request.resource.resource === 'workflowruns') return this.#run(asked);
    if (request.resource.resource === 'backfills') return this.#stamp(asked, decodeBackfill, stampRun);
    return this.#definition(asked);
  }

  async #run(request: Asked): Promise<AdmissionResponse> {
    const answer = this.#stamp(request, decodeWorkflowRun, stampRun);
    if (!answer.allowed || request.operation !== 'CREATE') return answer;
    const judged = await this.#options.judge.run(decodeWorkflowRun(withNamespace(request)));
    return judged.refusal === undefined ? withWarnings(answer, judged) : refusalOf(request, 422, judged.refusal);
  }

  async #definition(request: Asked): Promise<AdmissionResponse> {
    const judged = await this.#judged(request);
    if (judged.refusal !== undefined) return refusalOf(request, 422, judged.refusal);
    if (request.resource.resource !== 'workflows') return withWarnings({ uid: request.uid, allowed: true }, judged);
    return withWarnings(this.#stamp(request, decodeWorkflow, stampWorkflow), judged);
  }

  async #judged(request: Asked): Promise<Judged> {
    const { resource, oldObject } = request;
    try {
      return await this.#options.judge.definition(resource.resource, withNamespace(request), oldObject);
    } catch (error) {
      if (error instanceof DecodeError) return { refusal: error.message };
      throw error;
    }
  }

  #stamp<T extends Signal | WorkflowRun | Backfill | Workflow>(
    request: Asked,
    decode: (raw: unknown) => T,
    stamp: (wish: Wish<T>, moment: Moment) => Stamped,
  ): AdmissionResponse {
    const { object, oldObject } = request;
    const wish = decoded(() => ({
      object: decode(withNamespace(request)),
      ...(oldObject ? { old: decode(oldObject) } : {}),
    }));
    if (typeof wish === 'string') return refusalOf(request, 422, wish);
    const stamped = stamp(wish, this.#moment(request));
    if ('refusal' in stamped) return refusalOf(request, 403, stamped.refusal);
    const operations = patchOf(object, stamped);
    const patch = Buffer.from(JSON.stringify(operations)).toString('base64');
    return {
      uid: request.uid,
      allowed: true,
      ...(stamped.warning === undefined ? {} : { warnings: [stamped.warning] }),
      ...(operations.length === 0 ? {} : { patchType: 'JSONPatch', patch }),
    };
  }

  #moment({ userInfo }: Asked): Moment {
    const { username = '', uid, groups = [] } = userInfo;
    const user: User = { username, groups, ...(uid === undefined ? {} : { uid }) };
    const { attestation, now, suffix } = this.#options;
    return { user, attestation, now: now(), suffix: suffix() };
  }
}

const isVouchedFor = ({ resource }: AdmissionRequest): boolean =>
  ['signals', 'workflowruns', 'backfills'].includes(resource.resource);

/** The object with its namespace, which defaults to the namespace of the request. */
function withNamespace({ object, namespace }: Asked): KubeObject {
  const { metadata } = object;
  if (metadata.namespace !== undefined || namespace === undefined || namespace === '') return object;
  return { ...object, metadata: { ...metadata, namespace } };
}

/** The decoded value, or the message of the decode error. */
function decoded<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The changes as JSON Patch operations on the object of the request, so that all other fields stay unchanged. */
function patchOf({ metadata, spec = {} }: Stored, { spec: changed, name }: Changes) {
  const fields = Object.entries(changed).flatMap(([field, value]) => {
    const path = `/spec/${field}`;
    if (value !== undefined) return [{ op: 'add', path, value }];
    return Object.hasOwn(spec, field) ? [{ op: 'remove', path }] : [];
  });
  const isNamed = name === undefined || name === metadata.name;
  return isNamed ? fields : [{ op: 'add', path: '/metadata/name', value: name }, ...fields];
}

function refusalOf({ uid }: AdmissionRequest, code: 403 | 422, message: string): AdmissionResponse {
  const reason = code === 403 ? 'Forbidden' : 'Invalid';
  return { uid, allowed: false, status: { code, reason, message } };
}

function withWarnings(response: AdmissionResponse, { warnings = [] }: Judged): AdmissionResponse {
  return warnings.length === 0 ? response : { ...response, warnings: [...(response.warnings ?? []), ...warnings] };
}
