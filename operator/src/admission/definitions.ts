import {
  decodeClusterWorkflowTemplate,
  decodeWorkflow,
  decodeWorkflowTemplate,
  objectKey,
  type Workflow,
  type WorkflowRun,
  type WorkflowTemplate,
} from '../api/index.ts';
import {
  digestOfVersion,
  findTemplates,
  problemText,
  reusedMessage,
  type TemplateStores,
  withItself,
} from '../definitions/index.ts';
import {
  bodyOf,
  canonicalJson,
  type FindTemplate,
  type LibraryKind,
  resolveLibrary,
  resolveParameters,
  templateReferences,
} from '../engine/index.ts';
import { type Warning, warnTemplate, warnWorkflow } from '../engine/validate/index.ts';
import type { Judging, Verdict } from '../judging/index.ts';
import type { KubeObject } from '../runtime/index.ts';
import type { Judge, Judged } from './judge.ts';

export interface DefinitionsOptions {
  readonly stores: TemplateStores;
  readonly judging: Pick<Judging, 'workflow' | 'template'>;
  /** Reads a Workflow from the API server, bypassing all caches; undefined if it does not exist. */
  readonly readWorkflow: (ref: { namespace: string; name: string }) => Promise<Workflow | undefined>;
}

type Source = Parameters<typeof templateReferences>[0];

const FINE: Judged = {};

/**
 * Validates definitions with the functions of the controllers. Only certain problems are refused: a missing template,
 * or one that may change in the same apply, causes a warning, and the controllers validate again.
 */
export class Definitions implements Judge {
  readonly #options: DefinitionsOptions;

  constructor(options: DefinitionsOptions) {
    this.#options = options;
  }

  definition(plural: string, object: KubeObject, old: KubeObject | null | undefined): Promise<Judged> | Judged {
    if (object.metadata.deletionTimestamp !== undefined || isSameSpec(object, old)) return FINE;
    if (plural === 'workflows') return this.#workflow(decodeWorkflow(object));
    const was = old ? decodeWorkflowTemplate(old) : undefined;
    if (plural === 'workflowtemplates') return this.#template('WorkflowTemplate', decodeWorkflowTemplate(object), was);
    if (plural !== 'clusterworkflowtemplates') return FINE;
    return this.#template('ClusterWorkflowTemplate', decodeClusterWorkflowTemplate(object), was);
  }

  async run(run: WorkflowRun): Promise<Judged> {
    const { metadata, spec } = run;
    // A repeated run takes the parameters of its pinned definition, not of the current Workflow.
    if (spec.from !== undefined) return FINE;
    const ref = { namespace: metadata.namespace ?? '', name: spec.workflowRef.name };
    const known = this.#options.stores.workflows.get(objectKey(ref));
    if (known !== undefined && parameterProblem(known, run) === undefined) return FINE;
    const now = await this.#options.readWorkflow(ref).catch(() => 'Unknown' as const);
    // A failed read must not refuse the run; the controllers validate again.
    if (now === 'Unknown') return FINE;
    if (now === undefined) {
      return { warnings: [`there is no Workflow "${ref.name}" yet; the run starts after it is created`] };
    }
    const refusal = parameterProblem(now, run);
    return refusal === undefined ? FINE : { refusal };
  }

  async #workflow(workflow: Workflow): Promise<Judged> {
    const { metadata, spec } = workflow;
    const find = findTemplates(this.#options.stores, metadata.namespace);
    const judgement = await judged(spec, 'Local', find, () => this.#options.judging.workflow(spec, find));
    return warnedOf(judgement, () => warnWorkflow(workflow));
  }

  async #template(kind: LibraryKind, template: WorkflowTemplate, old: WorkflowTemplate | undefined): Promise<Judged> {
    const { spec, metadata } = template;
    const body = bodyOf(spec);
    const digest = digestOfVersion(spec.version, body);
    const before = old?.status?.versions?.find(({ version }) => version === spec.version);
    if (before !== undefined && before.digest !== digest) return { refusal: reusedMessage(template) };
    const find = withItself(findTemplates(this.#options.stores, metadata.namespace), kind, template, body);
    const judgement = await judged(body, kind, find, () => this.#options.judging.template(body, kind, find));
    return warnedOf(judgement, () => warnTemplate({ metadata, spec: body }));
  }
}

function isSameSpec(object: KubeObject, old: KubeObject | null | undefined): boolean {
  const specOf = (it: KubeObject) => canonicalJson((it as KubeObject & { spec?: unknown }).spec);
  return old !== null && old !== undefined && specOf(object) === specOf(old);
}

async function judged(
  source: Source,
  home: 'Local' | LibraryKind,
  find: FindTemplate,
  validate: () => Promise<Verdict>,
): Promise<Judged> {
  const resolved = resolveLibrary(source, find, home);
  if ('problems' in resolved) return { warnings: [oneLine(problemText(resolved.problems))] };
  const { problems, isTooComplex, isPassing } = await validate();
  if (problems.length === 0) return FINE;
  // A pinned version never changes; the newest version may differ when the definition is used.
  const isPinned = templateReferences(source, home).every(({ version }) => version !== undefined);
  // A definition that cannot be validated is refused.
  const isCertain = isPinned || isTooComplex || isPassing;
  const text = problemText(problems);
  return isCertain ? { refusal: text } : { warnings: [oneLine(text)] };
}

/** Adds warnings to a verdict, except to a refusal, which must be fixed first. */
function warnedOf(judgement: Judged, warn: () => readonly Warning[]): Judged {
  if (judgement.refusal !== undefined) return judgement;
  const told = warn().map(({ path, message }) => oneLine(`${path}: ${message}`));
  return told.length === 0 ? judgement : { warnings: [...(judgement.warnings ?? []), ...told] };
}

/** Warnings are sent in a header, so they have one line. */
const oneLine = (text: string) => text.replaceAll('\n', '; ').slice(0, 1024);

function parameterProblem({ spec }: Workflow, run: WorkflowRun): string | undefined {
  const given = run.spec.parameters ?? [];
  // Values from a ConfigMap are read when the run starts.
  const judgedNow = (spec.parameters ?? []).filter(
    ({ name, valueFrom }) => valueFrom === undefined || given.some((value) => value.name === name),
  );
  const resolved = resolveParameters(judgedNow, given);
  return 'problem' in resolved ? resolved.problem : undefined;
}
