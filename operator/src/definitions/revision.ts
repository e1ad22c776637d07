import { controllerOf, type Definition, GROUP, LABEL_WORKFLOW, type ObjectMeta, WORKFLOW } from '../api/index.ts';
import { BoundedMap } from '../bounds/index.ts';
import { canonicalJson, digestText, type Plan, plan } from '../engine/index.ts';
import type { KubeObject } from '../runtime/index.ts';

/** A ControllerRevision as the API server holds it. The server refuses to change its data, but not to make another one. */
export interface RevisionObject extends KubeObject {
  revision: number;
  data: unknown;
}

/** A ControllerRevision of a Workflow in the cache. Nothing of it is believed before `misfitOf` finds nothing. */
export interface Revision {
  readonly metadata: ObjectMeta;
  readonly revision: number;
  /** What it holds, digested at the first use and once only; undefined where that is no definition at all. */
  readonly content: () => Content | undefined;
}

/** A definition with its digest. Only `of` makes one, so the digest is always computed from just this definition. */
export class Content {
  readonly digest: string;
  readonly #definition: Definition;

  private constructor(digest: string, definition: Definition) {
    this.digest = digest;
    this.#definition = definition;
  }

  /** What is digested is what is kept: what JSON cannot tell apart (1e400 and null) is the same afterwards. */
  static of(data: unknown): Content {
    const text = canonicalJson(data);
    return new Content(digestText(text), JSON.parse(text) as Definition);
  }

  get definition(): Definition {
    return this.#definition;
  }
}

/** Takes a ControllerRevision into the cache. */
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

/** What somebody nested deeper than can be walked is no definition. */
function contentOf(raw: unknown): Content | undefined {
  try {
    return Content.of(raw);
  } catch {
    return undefined;
  }
}

/** How many compiled definitions are kept; a definition costs a few milliseconds to compile again. */
const MAX_PLANS = 500;

/** Compiled definitions by digest. They are shared over namespaces, so the digest must be that of the content. */
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

/** The revision that is looked for. */
export interface Wanted {
  readonly namespace: string;
  /** Name of the Workflow. */
  readonly workflow: string;
  /** Uid of the Workflow; absent where it is gone, and content and name alone decide. */
  readonly uid: string | undefined;
  readonly digest: string;
}

/**
 * Why an object is not the revision that it is taken for, and the remedy; nothing if it is. Judged by what it holds and
 * by whom it is owned, never by what it says of itself.
 */
export function misfitOf(revision: Revision, wanted: Wanted): string | undefined {
  const why = differenceOf(revision, wanted);
  if (why === undefined) return undefined;
  const { namespace, workflow, uid } = wanted;
  const { name } = revision.metadata;
  const owner = uid === undefined ? '' : ` (uid ${uid})`;
  const remedy = `delete it (kubectl delete controllerrevision ${name} -n ${namespace})`;
  const after = 'what the Workflow says now is pinned again at once, an older definition must be restored';
  return `the ControllerRevision ${namespace}/${name} is not the one that was pinned for the Workflow ${workflow}${owner}: ${why}; ${remedy}; ${after}`;
}

function differenceOf(revision: Revision, { namespace, workflow, uid, digest }: Wanted): string | undefined {
  const { metadata } = revision;
  const content = revision.content();
  if (content === undefined) return 'it holds no definition';
  if (content.digest !== digest) return `its content has the digest ${content.digest} instead of ${digest}`;
  const name = revisionName(workflow, digest);
  if (metadata.name !== name || metadata.namespace !== namespace) return `its name should be ${namespace}/${name}`;
  if (metadata.labels?.[LABEL_WORKFLOW] !== workflow) return `it lacks the label ${LABEL_WORKFLOW}: ${workflow}`;
  if (uid === undefined || isOwnedBy(metadata, WORKFLOW.kind, workflow, uid)) return undefined;
  return `its owner is ${ownerText(metadata)}; one that is left of a deleted Workflow goes by itself`;
}

const MAX_OWNER_TEXT = 200;

/** Whether this object of ours, by kind, name and uid, is the controller of what has the metadata. */
export function isOwnedBy(metadata: ObjectMeta, kind: string, name: string, uid: string): boolean {
  const owner = controllerOf(metadata);
  const isOurs = owner?.apiVersion.split('/')[0] === GROUP && owner.kind === kind;
  return isOurs && owner.name === name && owner.uid === uid;
}

/** The owner as it may be shown: others have written it. */
export function ownerText(metadata: ObjectMeta): string {
  const owner = controllerOf(metadata);
  return owner ? `${owner.kind} ${owner.name} (uid ${owner.uid})`.slice(0, MAX_OWNER_TEXT) : 'nobody';
}
