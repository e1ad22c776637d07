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
    .describe('The artifact: <task>.<name>. The task must come before this one. Of a fan-out: a folder of its items.'),
  path: place
    .optional()
    .describe(`Where it is put: in ${ARTIFACT_FOLDER} or a workspace; default ${ARTIFACT_FOLDER}/<name>.`),
  optional: z.boolean().optional().describe('Whether the task runs without it if it was not made; default false.'),
});

const output = z.object({
  name: taskName.describe('Name of the artifact, unique among the artifacts of the task.'),
  path: place
    .optional()
    .describe(
      `File or folder that the task writes: in ${ARTIFACT_FOLDER} or a workspace; default ${ARTIFACT_FOLDER}/<name>.`,
    ),
  optional: z.boolean().optional().describe('Whether the task may leave it out; default false.'),
});

export const taskArtifacts = z.object({
  inputs: z.array(input).max(32).meta(byName).optional().describe('What is there when the task starts.'),
  outputs: z.array(output).max(32).meta(byName).optional().describe('What is kept when the task has ended.'),
  pushTimeout: duration(
    'How long storing the outputs may take when the task has ended; default 5m, at most 1h.',
  ).optional(),
});

export const workspaceMount = z.object({
  name: taskName.describe('Name of the workspace, one of spec.workspaces.'),
  mountPath: z.string().min(2).max(512).describe('Where the task finds it.'),
  readOnly: z.boolean().optional().describe('Default false.'),
  subPath: z.string().min(1).max(512).optional().describe('A folder of it instead of the whole.'),
});

export const ACCESS_MODES = ['ReadWriteOnce', 'ReadWriteMany', 'ReadWriteOncePod', 'ReadOnlyMany'] as const;

export const workspace = z.object({
  name: taskName.describe('Name of the workspace, unique in the workflow.'),
  size: z.string().min(1).max(32).optional().describe('Size of the volume that each run gets, such as 10Gi.'),
  storageClassName: z
    .string()
    .max(253)
    .optional()
    .describe('StorageClass of the volume; default: that of the cluster. Empty: a PersistentVolume that is there.'),
  accessModes: z
    .array(z.enum(ACCESS_MODES))
    .min(1)
    .max(4)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe('Default ReadWriteOnce: tasks of a run that are live at once then share a node.'),
  existingClaim: objectName
    .optional()
    .describe('A PersistentVolumeClaim of the namespace, which all runs share, instead of one for each run.'),
});

export const artifactRetention = z.object({
  keep: z
    .enum(['WithRun', 'For', 'Forever'])
    .describe(
      'Until the run is deleted (WithRun, the default), for a time after they were made (For), or until somebody deletes them.',
    ),
  for: duration('With keep: For, how long after they were made, if their run is gone.').optional(),
});

export type TaskArtifacts = z.infer<typeof taskArtifacts>;
export type WorkspaceMount = z.infer<typeof workspaceMount>;
export type Workspace = z.infer<typeof workspace>;
export type ArtifactRetention = z.infer<typeof artifactRetention>;
