/**
 * Pinned definitions: revisions of Workflows and versions of templates, their lookup and decoding, and the texts of
 * verdicts. Controllers and admission share it, so that both report the same about the same object.
 *
 * 1. A digest is computed from the content of an object, never read from it.
 * 2. Nothing here writes to the API server, or waits for it.
 */

export { findTemplates, withItself } from './find.ts';
export { accepted, type Judgement, problemText, refused, refusedBy, refusedForTemplates } from './judgement.ts';
export {
  affectedBy,
  BY_REFERENCE,
  referencesOfTemplate,
  referencesOfVersion,
  referencesOfWorkflow,
  type TemplateStores,
  templateKey,
  versionsOf,
  watchTemplates,
} from './references.ts';
export {
  Content,
  decodeRevision,
  misfitOf,
  ownerText,
  Plans,
  type Revision,
  type RevisionObject,
  revisionName,
} from './revision.ts';
export {
  decodeVersion,
  digestOfVersion,
  isVersionOf,
  reusedMessage,
  type TemplateVersion,
  templateOf,
  VERSIONS_BY_TEMPLATE,
  versionName,
} from './version.ts';
