import type { Definition, Parameter, WorkflowRun } from '../../../api/index.ts';
import { parametersToRead } from '../../../engine/index.ts';
import { CONFIG_MAPS, isNotFound, type KubeObject } from '../../../runtime/index.ts';
import type { RunDeps } from '../deps.ts';
import type { NotYet } from './acceptance.ts';

type Given = Parameters<typeof parametersToRead>[1];

const CONFIG_MAP_AGAIN_MS = 10_000;

/** The values of parameters that are in ConfigMaps; one read for each ConfigMap. */
export async function readParameters(
  { client }: Pick<RunDeps, 'client'>,
  run: WorkflowRun,
  definition: Definition,
  given: Given,
  signal: AbortSignal,
): Promise<Map<string, string> | NotYet> {
  const wanted = parametersToRead(definition.parameters, given);
  const byMap = Map.groupBy(wanted, ({ valueFrom }) => valueFrom?.configMapKeyRef.name ?? '');
  const values = new Map<string, string>();
  const { namespace = '' } = run.metadata;
  for (const [name, parameters] of byMap) {
    const data = await readConfigMap(client, { name, namespace }, signal);
    for (const parameter of parameters) {
      const { key = '' } = parameter.valueFrom?.configMapKeyRef ?? {};
      const value = data && Object.hasOwn(data, key) ? data[key] : undefined;
      if (value !== undefined) values.set(parameter.name, value);
      else if (parameter.default === undefined) return notThere(parameter, namespace, data !== undefined);
    }
  }
  return values;
}

type Data = Record<string, string>;

async function readConfigMap(
  client: RunDeps['client'],
  ref: { name: string; namespace: string },
  signal: AbortSignal,
): Promise<Data | undefined> {
  try {
    const { data = {} } = await client.get<KubeObject & { data?: Data }>(CONFIG_MAPS, ref, { signal });
    return data;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function notThere({ name, valueFrom }: Parameter, namespace: string, exists: boolean): NotYet {
  const { name: map = '', key = '' } = valueFrom?.configMapKeyRef ?? {};
  const what = exists
    ? `ConfigMap ${map} in ${namespace} has no key ${key}`
    : `ConfigMap ${map} not found in ${namespace}`;
  const message = `parameter "${name}": ${what}; create it, or set a value or a default for the parameter`;
  return { reason: 'ConfigMapNotFound', message, lookAgainAfter: CONFIG_MAP_AGAIN_MS };
}
