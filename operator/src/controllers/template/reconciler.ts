import { MAX_VERSIONS, type WorkflowTemplate, type WorkflowTemplateStatus } from '../../api/index.ts';
import { accepted, versionsOf } from '../../definitions/index.ts';
import { warnTemplate } from '../../engine/validate/index.ts';
import { CONTROLLER_REVISIONS, isNotFound, type ReconcileContext, type Result } from '../../runtime/index.ts';
import { reportStatus } from '../report-status.ts';
import type { TemplateDeps } from './deps.ts';
import { judgeTemplate } from './judge.ts';

/** Versions whose content is kept. Pinned definitions hold what they use themselves, so no run needs older ones. */
const KEPT_VERSIONS = 20;

/** Another object under the name of a version may go, and what there was no time to judge is judged again. */
const REFUSED_AGAIN_MS = 10_000;

/** Reconciles templates of one kind: is the content valid, and is it new under its version. */
export class TemplateReconciler {
  readonly #deps: TemplateDeps;

  constructor(deps: TemplateDeps) {
    this.#deps = deps;
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const { reach } = this.#deps;
    const template = reach.store.get(key);
    if (!template || template.metadata.deletionTimestamp) return {};
    const judgement = await judgeTemplate(this.#deps, template, signal);
    if ('refusal' in judgement) {
      await reportStatus(this.#deps, reach.type, template, { wishes: judgement.refusal, news: {} }, signal);
      return judgement.retry ? { requeueAfter: REFUSED_AGAIN_MS } : {};
    }
    const { definition } = judgement;
    const news = { definition, versions: versionsWith(template, definition.digest) };
    const wishes = accepted(`version ${template.spec.version} is valid and pinned`, warnTemplate(template));
    await reportStatus(this.#deps, reach.type, template, { wishes, news }, signal);
    await this.#prune(template, definition.digest, signal);
    return {};
  }

  async #prune(template: WorkflowTemplate, current: string, signal: AbortSignal): Promise<void> {
    const { stores, reach, client } = this.#deps;
    const versions = versionsOf(stores, reach.kind, template.metadata).sort((a, b) => b.revision - a.revision);
    for (const { metadata, digest } of versions.slice(KEPT_VERSIONS)) {
      if (digest === current) continue;
      const preconditions = metadata.uid ? { preconditions: { uid: metadata.uid } } : {};
      try {
        await client.delete(CONTROLLER_REVISIONS, metadata, { ...preconditions, signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }
}

/** The versions with the current one, in the order in which they first were valid, the newest first. */
function versionsWith(template: WorkflowTemplate, digest: string): NonNullable<WorkflowTemplateStatus['versions']> {
  const { version } = template.spec;
  const before = template.status?.versions ?? [];
  if (before.some((each) => each.version === version)) return before;
  return [{ version, digest }, ...before].slice(0, MAX_VERSIONS);
}
