import { controllerOf, type Definition, GROUP, LABEL_WORKFLOW, type ObjectMeta, WORKFLOW } from '../api/index.ts';
import { BoundedMap } from '../bounds/index.ts';
import { canonicalJson, digestText, type Plan, plan } from '../engine/index.ts';
import type { KubeObject } from '../runtime/index.ts';

/** A ControllerRevision of the API server. Its data is immutable, but the object can be deleted and recreated. */
export interface RevisionObject extends KubeObject {
  revision: number;
  data: unknown;
}

/** A cached ControllerRevision of a Workflow. It is untrusted until `misfitOf` returns undefined. */
export interface Revision {
  readonly metadata: ObjectMeta;
  readonly revision: number;
  /** The definition in it, digested once at first use; undefined if the data is not a definition. */
  readonly content: () => Content | undefined;
}

/** A definition with its digest. Only `of` creates it, so the digest always belongs to the definition. */
export class Content {
  readonly digest: string;
  readonly #definition: Definition;

  private constructor(digest: string, definition: Definition) {
    this.digest = digest;
    this.#definition = definition;
  }

  /** Keeps the parsed digest input, so that values that are equal in JSON (1e400 and null) are equal afterwards. */
  static of(data: unknown): Content {
    const text = canonicalJson(data);
    return new Content(digestText(text), JSON.parse(text) as Definition);
  }

  get definition(): Definition {
    return this.#definition;
  }
}

/** Decodes a ControllerRevision for the cache. */
export function decodeRevision({ metadata, revision, data }: RevisionObject): Revision {
  let raw = data;
  let content: Content | undefined;
  return {
    metadata,
    revision: revision ?? 0,
    content: () => {
      if (raw !== undefined) content = contentOf(raw);
      raw = undefined;
      return content;
    },
  };
}

/** The content of raw data; undefined if it is nested too deep to be serialized. */
function contentOf(raw: unknown): Content | undefined {
  try {
    return Content.of(raw);
  } catch {
    return undefined;
  }
}

/** How many compiled definitions are kept; a definition costs a few milliseconds to compile again. */
const MAX_PLANS = 500;

/** Compiled definitions by digest. Namespaces share them, so the digest must be computed from the content. */
export class Plans {
  readonly #plans = new BoundedMap<Plan>({ max: MAX_PLANS });

  of({ digest, definition }: Content): Plan {
    const known = this.#plans.get(digest);
    if (known) return known;
    const compiled = plan(definition, digest);
    this.#plans.set(digest, compiled);
    return compiled;
  }
}

/** Name of the revision that pins a definition. Workflow names have at most 40 characters. */
export function revisionName(workflow: string, digest: string): string {
  return `${workflow}-${digest.slice(0, 12)}`;
}

/** The identity of a revision. */
export interface Wanted {
  readonly namespace: string;
  /** Name of the Workflow. */
  readonly workflow: string;
  /** Uid of the Workflow; absent if the Workflow is deleted, so that only content and name decide. */
  readonly uid: string | undefined;
  readonly digest: string;
}

/**
 * Why an object is not the wanted revision, and the remedy; undefined if it is. Content, name, label and owner decide;
 * a digest in the object itself is never read.
 */
export function misfitOf(revision: Revision, wanted: Wanted): string | undefined {
  const why = differenceOf(revision, wanted);
  if (why === undefined) return undefined;
  const { namespace, workflow, uid } = wanted;
  const { name } = revision.metadata;
  const owner = uid === undefined ? '' : ` (uid ${uid})`;
  const remedy = `delete it (kubectl delete controllerrevision ${name} -n ${namespace})`;
  const after =
    'the current definition of the Workflow is then pinned again, an older one must be restored from a backup';
  return `the ControllerRevision ${namespace}/${name} is not the pinned definition of the Workflow ${workflow}${owner}: ${why}; ${remedy}; ${after}`;
}

function differenceOf(revision: Revision, { namespace, workflow, uid, digest }: Wanted): string | undefined {
  const { metadata } = revision;
  const content = revision.content();
  if (content === undefined) return 'it contains no definition';
  if (content.digest !== digest) return `its content has the digest ${content.digest} instead of ${digest}`;
  const name = revisionName(workflow, digest);
  if (metadata.name !== name || metadata.namespace !== namespace) return `its name should be ${namespace}/${name}`;
  if (metadata.labels?.[LABEL_WORKFLOW] !== workflow) return `it lacks the label ${LABEL_WORKFLOW}: ${workflow}`;
  if (uid === undefined || isOwnedBy(metadata, WORKFLOW.kind, workflow, uid)) return undefined;
  return `its owner is ${ownerText(metadata)}; if left over from a deleted Workflow, it is garbage-collected`;
}

const MAX_OWNER_TEXT = 200;

/** Whether our object of this kind, name and uid is the controller owner in the metadata. */
export function isOwnedBy(metadata: ObjectMeta, kind: string, name: string, uid: string): boolean {
  const owner = controllerOf(metadata);
  const isOurs = owner?.apiVersion.split('/')[0] === GROUP && owner.kind === kind;
  return isOurs && owner.name === name && owner.uid === uid;
}

/** The controller owner as a short text for messages. Its fields are untrusted. */
export function ownerText(metadata: ObjectMeta): string {
  const owner = controllerOf(metadata);
  return owner ? `${owner.kind} ${owner.name} (uid ${owner.uid})`.slice(0, MAX_OWNER_TEXT) : 'nobody';
}
