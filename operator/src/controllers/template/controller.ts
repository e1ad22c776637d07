import type { WorkflowTemplate } from '../../api/index.ts';
import { affectedBy, watchTemplates } from '../../definitions/index.ts';
import { Controller, type ControllerOptions } from '../../runtime/index.ts';
import { CLUSTER_WORKFLOW_TEMPLATES, WORKFLOW_TEMPLATES } from '../resources.ts';
import type { Reach, TemplateDeps } from './deps.ts';
import { TemplateReconciler } from './reconciler.ts';

type Options = Pick<ControllerOptions, 'logger' | 'concurrency'>;

/**
 * The controllers of both kinds of templates; that of ClusterWorkflowTemplates only where the whole cluster is served.
 * `ownNamespace` is that of the operator, and holds their versions.
 */
export function templateControllers(
  deps: Omit<TemplateDeps, 'reach'>,
  ownNamespace: string,
  options: Options,
): Controller[] {
  const { templates, clusterTemplates } = deps.stores;
  const reaches: Reach[] = [
    {
      kind: 'WorkflowTemplate',
      type: WORKFLOW_TEMPLATES,
      store: templates,
      namespaceOf: ({ metadata }: WorkflowTemplate) => metadata.namespace ?? '',
    },
  ];
  if (clusterTemplates) {
    const type = CLUSTER_WORKFLOW_TEMPLATES;
    reaches.push({ kind: 'ClusterWorkflowTemplate', type, store: clusterTemplates, namespaceOf: () => ownNamespace });
  }
  return reaches.map((reach) => templateController({ ...deps, reach }, options));
}

/** Sources and keys: the templates, and whatever they use, since what is missing may come. */
function templateController(deps: TemplateDeps, options: Options): Controller {
  const { reach, stores } = deps;
  const reconciler = new TemplateReconciler(deps);
  const controller = new Controller({
    name: reach.kind.toLowerCase(),
    reconcile: (key, context) => reconciler.reconcile(key, context),
    metrics: deps.metrics,
    clock: deps.clock,
    ...options,
  });
  const { queue } = controller;
  reach.store.subscribe({
    added: (key) => queue.add(key),
    updated: (key) => queue.add(key),
    resynced: (key) => queue.add(key, 'resync'),
  });
  watchTemplates(stores, (changed) => {
    for (const key of affectedBy(stores, changed).templates[reach.kind]) queue.add(key, 'resync');
  });
  return controller;
}
