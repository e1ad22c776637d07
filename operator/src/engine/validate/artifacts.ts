import { ARTIFACT_FOLDER, type Task, type Workspace } from '../../api/index.ts';
import { suggestion } from '../expression/index.ts';
import { ancestors } from '../plan/graph.ts';
import { type Problem, repeated } from './problem.ts';

/** Paths reach pods as they stand: nothing that a shell, the kubelet or a file system takes for more than a name. */
const PLACE = /^[A-Za-z0-9._/-]+$/;

/**
 * The artifacts of the tasks of one graph. `sound`: the graph has no circle, so each task has its ancestors. `before`:
 * tasks that have all ended when those of the graph begin.
 */
export function artifactProblems(
  tasks: readonly Task[],
  path: string,
  sound: boolean,
  before: readonly Task[] = [],
): Problem[] {
  const above = sound ? ancestors(tasks) : undefined;
  const all = new Map([...before, ...tasks].map((task) => [task.name, task]));
  return tasks.flatMap((task, index) => {
    const visible = above && [...(above.get(task.name) ?? []), ...before.map(({ name }) => name)];
    return taskProblems(task, `${path}[${index}]`, all, visible);
  });
}

function taskProblems(
  task: Task,
  path: string,
  all: ReadonlyMap<string, Task>,
  visible: readonly string[] | undefined,
): Problem[] {
  const { artifacts, workspaces = [] } = task;
  const isPod = task.run !== undefined || task.container !== undefined;
  const noPod = 'only run and container tasks can have';
  if (workspaces.length > 0 && !isPod) return [{ path: `${path}.workspaces`, message: `${noPod} workspaces` }];
  const mounts = workspaces.flatMap(({ mountPath, subPath }, index) => {
    return mountPlaceProblems(mountPath, subPath, `${path}.workspaces[${index}]`);
  });
  if (!artifacts) return mounts;
  if (!isPod) return [{ path: `${path}.artifacts`, message: `${noPod} artifacts` }];
  const { inputs = [], outputs = [] } = artifacts;
  const names = [...inputs, ...outputs].map(({ name }) => name);
  const nameAt = (index: number) =>
    index < inputs.length
      ? `${path}.artifacts.inputs[${index}].name`
      : `${path}.artifacts.outputs[${index - inputs.length}].name`;
  const places = [...inputs, ...outputs].flatMap((each, index) => {
    return placeProblems(each.path, nameAt(index).replace(/name$/, 'path'), task);
  });
  const cached =
    task.cache && outputs.length > 0
      ? [
          {
            path: `${path}.cache`,
            message: 'cached results have no artifacts; remove cache or artifacts.outputs',
          },
        ]
      : [];
  return [
    ...mounts,
    ...repeated(names, nameAt, 'artifact'),
    ...inputs.flatMap(({ from }, index) =>
      sourceProblems(from, `${path}.artifacts.inputs[${index}].from`, task, all, visible),
    ),
    ...places,
    ...cached,
  ];
}

function sourceProblems(
  from: string,
  path: string,
  { name }: Task,
  all: ReadonlyMap<string, Task>,
  visible: readonly string[] | undefined,
): Problem[] {
  const [producer = '', artifact = '', ...rest] = from.split('.');
  if (artifact === '' || rest.length > 0) {
    return [{ path, message: `"${from}" is not an artifact reference; write <task>.<artifact>` }];
  }
  const task = all.get(producer);
  if (!task) {
    const others = () => [...all.keys()].filter((other) => other !== name);
    return [{ path, message: () => `unknown task "${producer}"${suggestion(producer, others(), 'other task')}` }];
  }
  const made = (task.artifacts?.outputs ?? []).map((output) => output.name);
  if (!made.includes(artifact)) {
    const likely = () => suggestion(artifact, made, 'artifact');
    return [{ path, message: () => `task "${producer}" has no output artifact "${artifact}"${likely()}` }];
  }
  if (visible === undefined || visible.includes(producer)) return [];
  return [
    { path, message: `task "${producer}" may end after "${name}" begins; add "${producer}" to the needs of "${name}"` },
  ];
}

function placeProblems(place: string | undefined, path: string, { workspaces = [] }: Task): Problem[] {
  if (place === undefined) return [];
  if (!PLACE.test(place) || place.split('/').some((part) => part === '..' || part === '.')) {
    return [{ path, message: `"${place}" is not a valid path; use letters, digits, ".", "_" and "-", and no ".."` }];
  }
  const folders = [ARTIFACT_FOLDER, ...workspaces.map(({ mountPath }) => mountPath.replace(/\/+$/, ''))];
  if (!place.startsWith('/') || folders.some((folder) => place.startsWith(`${folder}/`))) return [];
  return [{ path, message: `"${place}" is outside the folders for artifacts: ${folders.join(', ')}` }];
}

/** The workspaces that a workflow declares. */
export function workspaceProblems(workspaces: readonly Workspace[] = []): Problem[] {
  const names = workspaces.map(({ name }) => name);
  return [
    ...repeated(names, (index) => `spec.workspaces[${index}].name`, 'workspace'),
    ...workspaces.flatMap((workspace, index) => declarationProblems(workspace, `spec.workspaces[${index}]`)),
  ];
}

/** What Kubernetes takes as a quantity of bytes, but for exponents. */
const QUANTITY = /^[1-9][0-9]*(\.[0-9]+)?([KMGTPE]i|[kMGTPE])?$/;

function declarationProblems({ size, existingClaim, storageClassName }: Workspace, path: string): Problem[] {
  if ((size === undefined) === (existingClaim === undefined)) {
    return [{ path, message: 'a workspace takes either size, for a new volume per run, or existingClaim' }];
  }
  if (existingClaim !== undefined && storageClassName !== undefined) {
    return [
      { path: `${path}.storageClassName`, message: 'storageClassName does not apply to an existingClaim; remove it' },
    ];
  }
  if (size === undefined || QUANTITY.test(size)) return [];
  return [{ path: `${path}.size`, message: `"${size}" is not a valid size; write it like 10Gi` }];
}

/** Workspaces that tasks mount and the workflow does not declare. */
export function mountProblems(tasks: readonly Task[], path: string, declared: readonly Workspace[] = []): Problem[] {
  const names = declared.map(({ name }) => name);
  return tasks.flatMap(({ workspaces = [] }, task) =>
    workspaces.flatMap(({ name }, index) => {
      const at = `${path}[${task}].workspaces[${index}].name`;
      const message = () => `unknown workspace "${name}"${suggestion(name, names, 'workspace')}`;
      return names.includes(name) ? [] : [{ path: at, message }];
    }),
  );
}

function mountPlaceProblems(mountPath: string, subPath: string | undefined, path: string): Problem[] {
  const clean = mountPath.replace(/\/+$/, '');
  const inWay = /^\/ado(\/|$)/.test(clean);
  if (!PLACE.test(mountPath) || !mountPath.startsWith('/') || clean === '' || clean.includes('..')) {
    return [{ path: `${path}.mountPath`, message: `"${mountPath}" is not a valid mount path; write it like /space` }];
  }
  if (inWay) return [{ path: `${path}.mountPath`, message: `"${mountPath}" is reserved for Ado; choose another path` }];
  if (subPath === undefined || (PLACE.test(subPath) && !subPath.startsWith('/') && !subPath.includes('..'))) return [];
  return [{ path: `${path}.subPath`, message: `"${subPath}" is not a valid subPath; write it like cache/go` }];
}
