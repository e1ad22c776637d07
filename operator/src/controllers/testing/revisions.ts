/** ControllerRevisions for tests, as the operator makes them. */
import { API_VERSION, type Definition, LABEL_WORKFLOW, WORKFLOW } from '../../api/index.ts';
import { decodeRevision, type Revision, type RevisionObject, revisionName } from '../../definitions/index.ts';
import { digestOf } from '../../engine/index.ts';

/** Whom a revision is for, unless a test says otherwise. */
export interface For {
  readonly namespace?: string;
  readonly workflow?: string;
  readonly uid?: string;
}

/** The revision that pins a definition of a Workflow: `w` of the namespace `n` unless told otherwise. */
export function revisionObject(definition: Definition, of: For = {}): RevisionObject {
  const { namespace = 'n', workflow = 'w', uid = 'w-uid' } = of;
  const name = revisionName(workflow, digestOf(definition));
  const owner = { apiVersion: API_VERSION, kind: WORKFLOW.kind, name: workflow, uid };
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      ...{ name, namespace, uid: `uid-of-${name}`, labels: { [LABEL_WORKFLOW]: workflow } },
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: false }],
    },
    revision: 1,
    data: definition,
  };
}

/** The same as the cache holds it, with how statuses name it and where it is found. */
export function pinned(definition: Definition, of: For = {}) {
  const value: Revision = decodeRevision(revisionObject(definition, of));
  const { name, namespace = '', uid = '' } = value.metadata;
  const noted = { digest: digestOf(definition), revision: name };
  return { noted, entry: { key: `${namespace}/${name}`, uid, resourceVersion: '1', value } };
}
