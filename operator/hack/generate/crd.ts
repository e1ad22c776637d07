import { GROUP, type KindDefinition, VERSION } from '../../src/api/index.ts';
import { type CrdSchema, jsonSchema, structural } from './schema.ts';

/** The CustomResourceDefinition of a kind. @throws Error when its schema says what a CRD cannot */
export function crd(kind: KindDefinition): Record<string, unknown> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}`, labels: { 'app.kubernetes.io/name': 'ado' } },
    spec: {
      group: GROUP,
      scope: kind.scope ?? 'Namespaced',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
        ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
      },
      versions: [version(kind)],
    },
  };
}

function version(kind: KindDefinition): Record<string, unknown> {
  return {
    name: VERSION,
    served: true,
    storage: true,
    ...(kind.status ? { subresources: { status: {} } } : {}),
    additionalPrinterColumns: kind.columns,
    ...(kind.selectableFields.length > 0
      ? { selectableFields: kind.selectableFields.map((jsonPath) => ({ jsonPath })) }
      : {}),
    schema: { openAPIV3Schema: rootSchema(kind) },
  };
}

const IMPLIED: Record<string, CrdSchema> = {
  apiVersion: { description: 'Group and version of the kind.', type: 'string' },
  kind: { description: 'Kind of the object.', type: 'string' },
  metadata: { type: 'object' },
};

/**
 * The schema of the whole object. `metadata` is the API server's own, and a client always sends the other two.
 * @throws Error when the kind has a status that its schema lacks, or the other way round
 */
export function rootSchema({ kind, schema, status }: KindDefinition): CrdSchema {
  const raw = jsonSchema(schema);
  const ours = Object.entries(raw.properties ?? {}).filter(([name]) => !(name in IMPLIED));
  const root = structural({ ...raw, properties: Object.fromEntries(ours) }, kind);
  if (status !== 'status' in (root.properties ?? {})) {
    throw new Error(`${kind}: the table of kinds and the schema differ about a status`);
  }
  return {
    ...root,
    required: (root.required ?? []).filter((name) => !(name in IMPLIED)),
    properties: { ...IMPLIED, ...root.properties },
  };
}
