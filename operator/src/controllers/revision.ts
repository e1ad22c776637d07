import type { Definition, ObjectMeta } from '../api/index.ts';
import { type Plan, plan } from '../engine/index.ts';

/** A ControllerRevision whose data is the definition that runs execute. The server refuses to change it. */
export interface Revision {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  revision: number;
  data: Definition;
}

/** How many compiled definitions are kept; a definition costs a few milliseconds to compile again. */
const MAX_PLANS = 500;

/** Compiled definitions by digest. */
export class Plans {
  readonly #plans = new Map<string, Plan>();

  of(digest: string, definition: Definition): Plan {
    const known = this.#plans.get(digest);
    if (known) return known;
    const compiled = plan(definition, digest);
    if (this.#plans.size >= MAX_PLANS) this.#plans.delete(this.#plans.keys().next().value ?? '');
    this.#plans.set(digest, compiled);
    return compiled;
  }
}

/** Name of the revision that pins a definition. Workflow names have at most 40 characters. */
export function revisionName(workflow: string, digest: string): string {
  return `${workflow}-${digest.slice(0, 12)}`;
}
