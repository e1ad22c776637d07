import { ownerOfKey, type PodSurface, type Task, type TaskDefaults } from '../../api/index.ts';
import { fieldPath, type Problem } from './problem.ts';

/** What Kubernetes takes as the name of a variable on every version that Ado supports. */
const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** The fields that become the pod, if there is one: an image, and names of variables. */
export function podProblems(task: Task, path: string, defaults: TaskDefaults): Problem[] {
  const image = task.container?.image ?? task.image ?? defaults.image;
  const hasPod = task.run !== undefined || task.container !== undefined;
  const missing = hasPod && image === undefined ? [{ path: `${path}.image`, message: NO_IMAGE }] : [];
  return [...missing, ...surfaceProblems(task, path)];
}

const NO_IMAGE = 'the task has no image; set image or defaults.image';

/** The same for `defaults`, which need no image. */
export function surfaceProblems(surface: PodSurface, path: string): Problem[] {
  return [...envProblems(surface, path), ...metadataProblems(surface, path)];
}

function metadataProblems({ podMetadata = {} }: PodSurface, path: string): Problem[] {
  return (['annotations', 'labels'] as const).flatMap((field) =>
    Object.keys(podMetadata[field] ?? {}).flatMap((key) => {
      const owner = ownerOfKey(key);
      const message = `"${key}" is reserved for ${owner}; remove it, or use a key of your own domain`;
      return owner === undefined ? [] : [{ path: fieldPath(`${path}.podMetadata.${field}`, key), message }];
    }),
  );
}

function envProblems({ env = {}, envValueFrom = {} }: PodSurface, path: string): Problem[] {
  const names = [...namesOf(env, `${path}.env`), ...namesOf(envValueFrom, `${path}.envValueFrom`)];
  const twice = Object.keys(envValueFrom).filter((name) => Object.hasOwn(env, name));
  return [
    ...names,
    ...twice.map((name) => ({
      path: fieldPath(`${path}.envValueFrom`, name),
      message: `"${name}" is also set in env; keep one`,
    })),
  ];
}

function namesOf(variables: Readonly<Record<string, unknown>>, path: string): Problem[] {
  return Object.keys(variables).flatMap((name) => {
    const message = nameFault(name);
    return message === undefined ? [] : [{ path: fieldPath(path, name), message }];
  });
}

function nameFault(name: string): string | undefined {
  if (name.startsWith('ADO_')) return `"${name}": names starting with ADO_ are reserved for Ado; choose another`;
  if (ENV_NAME.test(name)) return undefined;
  return `"${name}" is not a valid variable name; use letters, digits, "_", "-" and ".", and do not start with a digit`;
}
