import { z } from 'zod';
import { duration } from './duration.ts';
import { objectName, taskName } from './scalars.ts';

/** Where artifacts are read and written unless they say otherwise: a folder that a task with artifacts gets. */
export const ARTIFACT_FOLDER = '/ado/artifacts';

const place = z.string().min(1).max(512);
const byName = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] };

const input = z.object({
  name: taskName.describe('Name of the input, unique among the artifacts of the task.'),
  from: z
    .string()
    .min(3)
    .max(128)
    .describe('The artifact: <task>.<name>. The task must come before this one. For a fan-out: a folder of its items.'),
  path: place
    .optional()
    .describe(`Where it is put: in ${ARTIFACT_FOLDER} or a workspace; default ${ARTIFACT_FOLDER}/<name>.`),
  optional: z.boolean().optional().describe('Whether the task runs even if the artifact is missing; default false.'),
});

const output = z.object({
  name: taskName.describe('Name of the artifact, unique among the artifacts of the task.'),
  path: place
    .optional()
    .describe(
      `File or folder that the task writes: in ${ARTIFACT_FOLDER} or a workspace; default ${ARTIFACT_FOLDER}/<name>.`,
    ),
  optional: z.boolean().optional().describe('Whether the task may omit it; default false.'),
});

export const taskArtifacts = z.object({
  inputs: z.array(input).max(32).meta(byName).optional().describe('Artifacts that are available when the task starts.'),
  outputs: z
    .array(output)
    .max(32)
    .meta(byName)
    .optional()
    .describe('Artifacts that are stored when the task has ended.'),
  pushTimeout: duration('Timeout for storing the outputs after the task has ended; default 5m, at most 1h.').optional(),
});

export const workspaceMount = z.object({
  name: taskName.describe('Name of the workspace, one of spec.workspaces.'),
  mountPath: z.string().min(2).max(512).describe('Where to mount it in the container.'),
  readOnly: z.boolean().optional().describe('Whether the mount is read-only; default false.'),
  subPath: z.string().min(1).max(512).optional().describe('Mount only this folder of the workspace.'),
});

export const ACCESS_MODES = ['ReadWriteOnce', 'ReadWriteMany', 'ReadWriteOncePod', 'ReadOnlyMany'] as const;

export const workspace = z.object({
  name: taskName.describe('Name of the workspace, unique in the workflow.'),
  size: z.string().min(1).max(32).optional().describe('Size of the volume that each run gets, such as 10Gi.'),
  storageClassName: z
    .string()
    .max(253)
    .optional()
    .describe('StorageClass of the volume; default: that of the cluster. Empty: an existing PersistentVolume.'),
  accessModes: z
    .array(z.enum(ACCESS_MODES))
    .min(1)
    .max(4)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe('Default ReadWriteOnce: concurrent tasks of a run then share a node.'),
  existingClaim: objectName
    .optional()
    .describe('An existing PersistentVolumeClaim in the namespace, shared by all runs, instead of one per run.'),
});

export const artifactRetention = z.object({
  keep: z
    .enum(['WithRun', 'For', 'Forever'])
    .describe(
      'How long to keep artifacts: until the run is deleted (WithRun, the default), for a time after they were made (For), or until someone deletes them (Forever).',
    ),
  for: duration('With keep: For, how long after they were made, if the run is gone.').optional(),
});

export type TaskArtifacts = z.infer<typeof taskArtifacts>;
export type WorkspaceMount = z.infer<typeof workspaceMount>;
export type Workspace = z.infer<typeof workspace>;
export type ArtifactRetention = z.infer<typeof artifactRetention>;
