import type { TemplateBody } from '../../api/index.ts';
import { type FindTemplate, type LibraryKind, walkLibrary } from '../plan/library.ts';
import { bodyProblems } from './body.ts';
import type { Problem } from './problem.ts';
import { report, type Told } from './report.ts';
import { sizeProblems } from './size.ts';
import { literalProblems } from './texts.ts';

/**
 * What keeps a template that is an object of its own from being used, judged without any workflow. Without `find`,
 * other templates are taken to exist.
 */
export function validateTemplate(body: TemplateBody, kind: LibraryKind, find?: FindTemplate, work?: number): Told[] {
  return report(() => problemsOf(body, kind, find), work);
}

function problemsOf(body: TemplateBody, kind: LibraryKind, find: FindTemplate | undefined): Problem[] {
  const { definition, problems } = walkLibrary(body, find ?? (() => ({ problem: '' })), kind);
  const library = definition.library ?? {};
  const unresolved = problems.filter(({ reason }) => find !== undefined || reason !== 'TemplateNotFound');
  return [
    ...unresolved.map(({ path, message }) => ({ path, message })),
    ...literalProblems(body, 'spec'),
    ...bodyProblems({ ...body, tasks: definition.tasks }, 'spec', library),
    ...sizeProblems(definition.tasks, 'spec.tasks', library),
  ];
}
