import type { Definition, Hook, Task, TemplateBody, TemplateKind, TemplateRef, Undo } from '../../api/index.ts';
import { utf8Length } from '../../json/index.ts';
import { suggestion } from '../expression/index.ts';
import { bodyOf, canonicalJson, definitionOf } from '../values/digest.ts';

/** How deep templates may use templates: a template that uses none is one level. */
export const MAX_TEMPLATE_DEPTH = 8;
/** How many templates the tasks of a definition may lead to. */
export const MAX_TEMPLATES = 100;
/** Problems that say what was probably meant. */
const MAX_SUGGESTIONS = 50;
/** Canonical JSON of all of them together; they are pinned with the definition. */
export const MAX_LIBRARY_BYTES = 512 * 1024;

/** A reference whose kind is written out, as it is in every pinned definition. */
export type ResolvedRef = TemplateRef & { kind: TemplateKind };
/** The kinds of templates that are objects of their own. */
export type LibraryKind = Exclude<TemplateKind, 'Local'>;

/** Finds a template that is an object of its own; without a version, the newest that is valid. */
export type FindTemplate = (
  kind: LibraryKind,
  name: string,
  version?: string,
) => TemplateBody | { readonly problem: string };

/** Why a definition has no library. The reason tells what may come later from what the author must change. */
export interface LibraryProblem {
  readonly path: string;
  readonly message: string;
  readonly reason: 'TemplateNotFound' | 'InvalidSpec';
}

export type ResolvedLibrary =
  | { readonly definition: Definition }
  | { readonly problems: readonly [LibraryProblem, ...LibraryProblem[]] };

/** The part of a Workflow or of a template that leads to templates. */
export type LibrarySource = Omit<Definition, 'library'>;

/** Where a template stands in `library`. */
export function libraryKey({ kind, name, version }: ResolvedRef): string {
  return `${kind}/${name}@${version ?? ''}`;
}

/**
 * The definition as it is pinned: the kind of every template is written out, and the bodies of all templates that its
 * tasks lead to, and of all local ones, are in `library`. `home` is where the spec stands: a Workflow is Local.
 */
export function resolveLibrary(spec: LibrarySource, find: FindTemplate, home: TemplateKind = 'Local'): ResolvedLibrary {
  const { definition, problems } = walkLibrary(spec, find, home);
  const [first, ...others] = problems;
  return first === undefined ? { definition } : { problems: [first, ...others] };
}

/** As resolveLibrary, with what there is of the library also where there are problems. */
export function walkLibrary(
  spec: LibrarySource,
  find: FindTemplate,
  home: TemplateKind = 'Local',
): { readonly definition: Definition; readonly problems: readonly LibraryProblem[] } {
  const walk = new Walk(spec, find);
  const { templates: _inLibrary, ...definition } = definitionOf(walk.resolve(home));
  const library = walk.library.size === 0 ? {} : { library: Object.fromEntries(walk.library) };
  return { definition: { ...definition, ...library }, problems: walk.problems };
}

/** The templates that a spec names itself, those in its local templates included; without the local ones. */
export function templateReferences(spec: LibrarySource, home: TemplateKind = 'Local'): ResolvedRef[] {
  const { tasks, finally: last = [], hooks = [], templates = [] } = spec;
  const locals = new Set(templates.map(({ name }) => name));
  const own = [...tasks, ...last, ...templates.flatMap((template) => template.tasks)];
  const sides = own.flatMap(({ undo, hooks: ofTask = [] }) => [...(undo === undefined ? [] : [undo]), ...ofTask]);
  const refs = [...own, ...sides, ...hooks].flatMap(({ template }) => (template === undefined ? [] : [template]));
  const resolved = refs.map((ref) => ({ ...ref, kind: kindOf(ref, home, locals) }));
  return resolved.filter(({ kind }) => kind !== 'Local');
}

function kindOf({ name, kind }: TemplateRef, home: TemplateKind, locals: { has(name: string): boolean }): TemplateKind {
  if (kind !== undefined) return kind;
  if (home === 'Local' && locals.has(name)) return 'Local';
  return home === 'ClusterWorkflowTemplate' ? home : 'WorkflowTemplate';
}

type Acting = Task | Undo | Hook;

/** Where a task stands: in which kind of template, at which field, and through which templates it was reached. */
interface Place {
  readonly home: TemplateKind;
  readonly path: string;
  /** Inside a template that is an object of its own: the field outside of all of these that led there. */
  readonly outside?: string;
  readonly through: readonly ResolvedRef[];
  /** The levels below this place, which what stands here adds to. */
  readonly levels: { deepest: number };
}

class Walk {
  readonly library = new Map<string, TemplateBody>();
  readonly problems: LibraryProblem[] = [];
  readonly #levels = new Map<string, number>();
  readonly #spec: LibrarySource;
  readonly #find: FindTemplate;
  readonly #locals: ReadonlyMap<string, number>;
  #bytes = 0;
  #full = false;
  #tooDeep = false;

  constructor(spec: LibrarySource, find: FindTemplate) {
    this.#spec = spec;
    this.#find = find;
    const locals = new Map<string, number>();
    // Of templates with one name the first counts, as everywhere; the others are reported.
    for (const [index, { name }] of (spec.templates ?? []).entries()) if (!locals.has(name)) locals.set(name, index);
    this.#locals = locals;
  }

  resolve(home: TemplateKind): LibrarySource {
    const place: Place = { home, path: 'spec', through: [], levels: { deepest: 0 } };
    const { tasks, finally: last, hooks } = this.#spec;
    const resolved = {
      ...this.#spec,
      tasks: this.#all(tasks, place, 'tasks'),
      ...(last === undefined ? {} : { finally: this.#all(last, place, 'finally') }),
      ...(hooks === undefined ? {} : { hooks: this.#all(hooks, place, 'hooks') }),
    };
    // Those that no task names may be named by generated tasks.
    for (const [name, index] of this.#locals) {
      const levels = { deepest: 0 };
      this.#reach({ kind: 'Local', name }, { ...place, path: `spec.templates[${index}]`, levels });
    }
    return resolved;
  }

  #all<T extends Acting>(list: readonly T[], place: Place, field: string): T[] {
    return list.map((each, index) => this.#one(each, { ...place, path: `${place.path}.${field}[${index}]` }));
  }

  #one<T extends Acting>(acting: T, place: Place): T {
    const { template } = acting;
    const { undo, hooks } = acting as Pick<Task, 'undo' | 'hooks'>;
    return {
      ...acting,
      ...(template === undefined ? {} : { template: this.#reference(template, place) }),
      ...(undo === undefined ? {} : { undo: this.#one(undo, { ...place, path: `${place.path}.undo` }) }),
      ...(hooks === undefined ? {} : { hooks: this.#all(hooks, place, 'hooks') }),
    };
  }

  #reference(ref: TemplateRef, place: Place): ResolvedRef {
    const resolved = { ...ref, kind: kindOf(ref, place.home, this.#locals) };
    this.#reach(resolved, { ...place, path: `${place.path}.template` });
    return resolved;
  }

  /** Puts a template and all that it leads to into the library, and counts its levels at the place that uses it. */
  #reach(ref: ResolvedRef, place: Place): void {
    const circle = circleOf(ref, place.through);
    if (circle !== undefined) {
      this.#refuse(place, `the templates form a cycle: ${circle}; remove one of these references`);
      return;
    }
    const levels = this.#levels.get(libraryKey(ref)) ?? this.#descend(ref, place);
    if (place.through.length + levels > MAX_TEMPLATE_DEPTH && !this.#tooDeep) {
      // The places above are too deep for the same reason.
      this.#tooDeep = true;
      this.#refuse(
        place,
        `templates are nested more than ${MAX_TEMPLATE_DEPTH} levels deep at ${nameOf(ref)}; nest fewer`,
      );
    }
    place.levels.deepest = Math.max(place.levels.deepest, levels);
  }

  /** The levels of a template that was not reached before. */
  #descend(ref: ResolvedRef, place: Place): number {
    // The place above has refused it, or will.
    if (this.#full || place.through.length > MAX_TEMPLATE_DEPTH) return 1;
    const body = this.#bodyOf(ref, place);
    if (body === undefined) return 1;
    const levels = { deepest: 0 };
    const path = ref.kind === 'Local' ? `spec.templates[${this.#locals.get(ref.name)}]` : 'spec';
    const outside = ref.kind === 'Local' ? {} : { outside: place.outside ?? place.path };
    const inside = { home: ref.kind, path, ...outside, through: [...place.through, ref], levels };
    this.#add(libraryKey(ref), bodyOf({ ...body, tasks: this.#all(body.tasks, inside, 'tasks') }), place);
    this.#levels.set(libraryKey(ref), levels.deepest + 1);
    return levels.deepest + 1;
  }

  #bodyOf(ref: ResolvedRef, place: Place): TemplateBody | undefined {
    const { kind, name, version } = ref;
    if (kind === 'Local') return this.#localBody(ref, place);
    if (place.home === 'ClusterWorkflowTemplate' && kind !== 'ClusterWorkflowTemplate') {
      const message = `a ClusterWorkflowTemplate can use only other ClusterWorkflowTemplates, but "${name}" is a ${kind}; remove \`kind\``;
      return this.#refuse(place, message);
    }
    const found = this.#find(kind, name, version);
    return 'problem' in found ? this.#refuse(place, found.problem, 'TemplateNotFound') : found;
  }

  #localBody({ name, version }: ResolvedRef, place: Place): TemplateBody | undefined {
    if (place.home !== 'Local') {
      return this.#refuse(
        place,
        `"${name}" cannot be Local: only a Workflow has templates of its own; remove \`kind\``,
      );
    }
    if (version !== undefined) {
      const remedy = 'remove `version`, or set `kind` to WorkflowTemplate';
      return this.#refuse(
        place,
        `"${name}" is a template of this workflow, which has no version "${version}"; ${remedy}`,
      );
    }
    const index = this.#locals.get(name);
    const body = index === undefined ? undefined : this.#spec.templates?.[index];
    if (body !== undefined) return body;
    // Nobody is told of more problems than that.
    const isTold = this.problems.length < MAX_SUGGESTIONS;
    const likely = isTold ? suggestion(name, this.#locals.keys(), 'local template') : '';
    return this.#refuse(place, `unknown template "${name}"${likely}`);
  }

  #add(key: string, body: TemplateBody, place: Place): void {
    if (this.#full) return;
    this.library.set(key, body);
    this.#bytes += utf8Length(canonicalJson(body));
    if (this.library.size > MAX_TEMPLATES) {
      this.#refuseAll(place, `the tasks lead to more than ${MAX_TEMPLATES} templates; use fewer of them`);
    } else if (this.#bytes > MAX_LIBRARY_BYTES) {
      const message = `the templates that the tasks lead to are larger than ${MAX_LIBRARY_BYTES} bytes together; use fewer, or smaller ones`;
      this.#refuseAll(place, message);
    }
  }

  #refuseAll(place: Place, message: string): void {
    this.#full = true;
    this.#refuse(place, message);
  }

  /** Problems stand at a field of the spec, and tell the way from there. */
  #refuse(place: Place, message: string, reason: LibraryProblem['reason'] = 'InvalidSpec'): undefined {
    const { path, outside, through } = place;
    const way = through
      .filter(({ kind }) => kind !== 'Local')
      .map(nameOf)
      .join(' → ');
    const problem =
      outside === undefined ? { path, message } : { path: outside, message: `in ${way}, ${path}: ${message}` };
    this.problems.push({ ...problem, reason });
    return undefined;
  }
}

function nameOf({ kind, name, version }: ResolvedRef): string {
  const named = kind === 'Local' ? `the template "${name}"` : `${kind} "${name}"`;
  return version === undefined ? named : `${named} ${version}`;
}

function circleOf(ref: ResolvedRef, through: readonly ResolvedRef[]): string | undefined {
  const start = through.findIndex((other) => libraryKey(other) === libraryKey(ref));
  return start < 0 ? undefined : [...through.slice(start), ref].map(({ name }) => name).join(' → ');
}
