import type { WorkflowTemplate } from '../../api/index.ts';
import type { LibraryKind } from '../../engine/index.ts';
import type { Judging } from '../../judging/index.ts';
import type { Clock, KubeClient, ResourceType, Store } from '../../runtime/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import type { Stores } from '../stores/stores.ts';

/** What tells the two kinds of templates apart. */
export interface Reach {
  readonly kind: LibraryKind;
  readonly type: ResourceType;
  readonly store: Store<WorkflowTemplate>;
  /** The namespace that holds the versions of a template. */
  namespaceOf(template: WorkflowTemplate): string;
}

/** What the steps of a template's reconcile need. */
export interface TemplateDeps {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly judging: Pick<Judging, 'template'>;
  readonly reach: Reach;
}
