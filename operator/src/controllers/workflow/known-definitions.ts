import { objectKey, type TemplateBody, type Workflow } from '../../api/index.ts';
import type { FindTemplate } from '../../engine/index.ts';

type Found = readonly [question: Parameters<FindTemplate>, answer: TemplateBody];

interface Known {
  readonly uid: string;
  /** The API server raises it with every change of the spec. */
  readonly generation: number;
  readonly digest: string;
  /** Every template that the definition leads to. */
  readonly found: readonly Found[];
}

/**
 * The definitions that were found valid, with all that they were made of. A Workflow is reconciled with every run that
 * begins or ends; to put its templates together, digest them and validate them again costs far more than to see that
 * neither its spec nor any of them has changed.
 */
export class KnownDefinitions {
  readonly #known = new Map<string, Known>();

  /** The digest of the definition, if it was found valid and nothing that it is made of has changed since. */
  digestOf({ metadata }: Workflow, find: FindTemplate): string | undefined {
    const known = this.#known.get(objectKey(metadata));
    if (known?.uid !== metadata.uid || known?.generation !== metadata.generation) return undefined;
    return known?.found.every(([question, answer]) => find(...question) === answer) ? known.digest : undefined;
  }

  note({ metadata }: Workflow, digest: string, found: readonly Found[]): void {
    const { uid, generation } = metadata;
    if (uid !== undefined && generation !== undefined) {
      this.#known.set(objectKey(metadata), { uid, generation, digest, found });
    }
  }

  /** @param key of a Workflow that is gone */
  forget(key: string): void {
    this.#known.delete(key);
  }
}

/** Finds templates, and notes which ones were found. Cached templates are replaced, never changed. */
export function noting(find: FindTemplate): { readonly find: FindTemplate; readonly found: readonly Found[] } {
  const found: Found[] = [];
  return {
    find: (...question) => {
      const answer = find(...question);
      if (!('problem' in answer)) found.push([question, answer]);
      return answer;
    },
    found,
  };
}
