import { z } from 'zod';
import { conditions } from './conditions.ts';
import { pinnedDefinition } from './pinned-definition.ts';
import { matching } from './scalars.ts';
import { templateFields } from './workflow.ts';

/** Semantic versioning 2.0.0; what follows a `+` tells versions apart like everything else. */
const SEMVER =
  '^(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)(-[0-9A-Za-z-]+([.][0-9A-Za-z-]+)*)?([+][0-9A-Za-z-]+([.][0-9A-Za-z-]+)*)?$';

/** How many versions status remembers: as long as one is remembered, it cannot be given other content. */
export const MAX_VERSIONS = 50;

const version = matching(z.string().min(5).max(64), SEMVER, 'write a version like 1.2.0 or 2.0.0-rc.1');

export const workflowTemplateSpec = z.object({
  version: version.describe('Semantic version. Changed content needs a new version.'),
  description: z.string().max(1024).optional().describe('Human-readable description.'),
  ...templateFields,
});

export const workflowTemplateStatus = z.object({
  observedGeneration: z.int().min(0).optional().describe('The generation that this status was computed from.'),
  conditions: conditions.optional(),
  definition: pinnedDefinition.optional().describe('The newest valid content, used where no version is given.'),
  versions: z
    .array(
      z.object({
        version: z.string().max(64).describe('The version.'),
        digest: z.string().max(64).describe('SHA-256 of its content.'),
      }),
    )
    .max(MAX_VERSIONS)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Versions that were valid, the newest first, at most 50; the content of the newest 20 can be used.'),
});

/** The two kinds of templates differ in their reach alone. */
const template = (kind: string, what: string) =>
  z
    .object({
      apiVersion: z.string(),
      kind: z.string(),
      metadata: z.looseObject({}),
      spec: workflowTemplateSpec.describe('Parameters, tasks and outputs of the template.'),
      status: workflowTemplateStatus.optional().describe('What the operator observed.'),
    })
    .describe(what)
    .meta({
      'x-kubernetes-validations': [
        {
          rule: 'size(self.metadata.name) <= 63',
          message: `the name of a ${kind} has at most 63 characters, because its versions are labelled with it`,
        },
      ],
    });

export const workflowTemplate = template('WorkflowTemplate', 'Reusable tasks for workflows in its namespace.');
export const clusterWorkflowTemplate = template(
  'ClusterWorkflowTemplate',
  'Reusable tasks for workflows in all namespaces.',
);

export type WorkflowTemplateSpec = z.infer<typeof workflowTemplateSpec>;
export type WorkflowTemplateStatus = z.infer<typeof workflowTemplateStatus>;
