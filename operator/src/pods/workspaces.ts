import { type Task, WORKSPACE_LABEL_PREFIX, type Workspace } from '../api/index.ts';
import { claimName, shortHash } from './name.ts';

/** The parts of a pod for workspaces. */
export interface WorkspaceParts {
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes: readonly unknown[];
  readonly mounts: readonly unknown[];
  /** Terms of required pod affinity: pods that share a volume of one node run on the same node. */
  readonly affinity: readonly unknown[];
}

/** A PersistentVolumeClaim that the operator creates for a workspace of a run. */
export interface Claim {
  readonly name: string;
  readonly workspace: Workspace;
}

interface WorkspaceInput {
  readonly run: { readonly name: string; readonly uid: string };
  readonly task: Task;
  readonly workspaces: readonly Workspace[];
}

const ONE_NODE = ['ReadWriteOnce', 'ReadWriteOncePod'];

/** The claims that must exist before a pod of the task. */
export function claimsOf({ run, task, workspaces }: WorkspaceInput): Claim[] {
  return used(task, workspaces)
    .filter(({ existingClaim }) => existingClaim === undefined)
    .map((workspace) => ({ name: claimName(run.name, run.uid, workspace.name), workspace }));
}

/** The first workspace that the task mounts without a declaration in the workflow. */
export function unknownWorkspace(
  { workspaces: mounts = [] }: Task,
  declared: readonly Workspace[],
): string | undefined {
  return mounts.find(({ name }) => !declared.some((workspace) => workspace.name === name))?.name;
}

export function workspaceParts({ run, task, workspaces }: WorkspaceInput): WorkspaceParts {
  const mounted = used(task, workspaces).map((workspace) => {
    const claim = workspace.existingClaim ?? claimName(run.name, run.uid, workspace.name);
    return { workspace, claim, label: `${WORKSPACE_LABEL_PREFIX}/${workspace.name}`, value: shortHash(claim) };
  });
  return {
    labels: Object.fromEntries(mounted.map(({ label, value }) => [label, value])),
    volumes: mounted.map(({ workspace, claim }) => ({
      name: volumeName(workspace.name),
      persistentVolumeClaim: { claimName: claim },
    })),
    mounts: (task.workspaces ?? []).map(({ name, mountPath, readOnly, subPath }) => ({
      name: volumeName(name),
      mountPath,
      ...(readOnly === undefined ? {} : { readOnly }),
      ...(subPath === undefined ? {} : { subPath }),
    })),
    affinity: mounted
      .filter(({ workspace }) => isOfOneNode(workspace))
      .map(({ label, value }) => ({
        labelSelector: { matchLabels: { [label]: value } },
        topologyKey: 'kubernetes.io/hostname',
      })),
  };
}

/**
 * A volume that only one node at a time can mount would leave a pod on another node in ContainerCreating until the
 * first pod ends. With affinity, the scheduler reports the wait. The access modes of an existing claim are known only
 * to the user.
 */
function isOfOneNode({ accessModes, existingClaim }: Workspace): boolean {
  const modes = accessModes ?? (existingClaim === undefined ? ['ReadWriteOnce'] : []);
  return modes.length > 0 && modes.every((mode) => ONE_NODE.includes(mode));
}

function used({ workspaces: mounts = [] }: Task, declared: readonly Workspace[]): Workspace[] {
  return declared.filter(({ name }) => mounts.some((mount) => mount.name === name));
}

const volumeName = (workspace: string) => `ado-ws-${workspace}`;
