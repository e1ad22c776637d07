/** What tests give to the cluster: short ways to write workflows, runs and other objects. */
import { API_VERSION, type WorkflowSpec, type WorkflowTemplateSpec } from '../../src/api/index.ts';
import type { KubeObject } from '../../src/runtime/index.ts';

/** An object to apply; the namespace is the scenario's. */
export type Manifest = KubeObject & Readonly<Record<string, unknown>>;
type TaskSpec = WorkflowSpec['tasks'][number];

/** The image that every cluster of ours has. */
export const IMAGE = 'busybox:1.36';

/** A Workflow whose tasks run in busybox. */
export function workflow(name: string, spec: WorkflowSpec): Manifest {
  const defaults = { image: IMAGE, ...spec.defaults };
  return { apiVersion: API_VERSION, kind: 'Workflow', metadata: { name }, spec: { ...spec, defaults } };
}

/** A task that runs a script. */
export function script(name: string, run: string, more: Partial<TaskSpec> = {}): TaskSpec {
  return { name, run, ...more };
}

/** A WorkflowTemplate whose tasks run in busybox. */
export function template(name: string, spec: WorkflowTemplateSpec): Manifest {
  const defaults = { image: IMAGE, ...spec.defaults };
  return { apiVersion: API_VERSION, kind: 'WorkflowTemplate', metadata: { name }, spec: { ...spec, defaults } };
}

/** A run by hand. */
export function workflowRun(name: string, of: string, parameters: Readonly<Record<string, string>> = {}): Manifest {
  const values = Object.entries(parameters).map(([key, value]) => ({ name: key, value }));
  const spec = { workflowRef: { name: of }, ...(values.length > 0 ? { parameters: values } : {}) };
  return { apiVersion: API_VERSION, kind: 'WorkflowRun', metadata: { name }, spec };
}
