import { WORKFLOW_TEMPLATES, WORKFLOWS } from '../../src/controllers/index.ts';
import type { BenchArguments } from './arguments.ts';
import { type Cost, costOf } from './cost.ts';
import { metered } from './meter.ts';
import { sumOf } from './metrics-text.ts';
import type { MeasuredOperator } from './operator-process.ts';
import type { Stage } from './stage.ts';
import { libraryOf, numbered, templateOf } from './workflows.ts';

const ANNOTATION = 'flow.ado.dev/bench-touched';
/** Reconciles of the workflow while the operator's code is still being compiled. */
const WARM_UP = 200;

/** The cost of a reconcile of a Workflow whose definition comes from many templates. */
export interface LibraryFigures extends Cost {
  readonly templates: number;
  /** Reconciles of the workflow, each after a change that changes nothing of its definition. */
  readonly reconciles: number;
}

/** Touches a workflow again and again that uses each template of a library. */
export function library(stage: Stage, { templates, touches }: BenchArguments): Promise<LibraryFigures> {
  return stage.withOperator(async (operator) => {
    const namespace = await stage.namespace();
    const names = Array.from({ length: templates }, (_, index) => numbered('template', index));
    for (const name of names) await stage.client.create(WORKFLOW_TEMPLATES, templateOf(namespace, name));
    const workflow = libraryOf(namespace, names);
    await stage.ready(workflow);
    const touch = async (count: number) => {
      for (let index = 0; index < count; index++) {
        const body = { metadata: { annotations: { [ANNOTATION]: `${count}-${index}` } } };
        await stage.client.patch(WORKFLOWS, workflow.metadata, { kind: 'merge', body }, { answer: 'Unread' });
      }
    };
    await touch(WARM_UP);
    const before = await reconcilesOf(operator);
    const measured = await metered(stage, operator, () => touch(touches));
    const reconciles = (await reconcilesOf(operator)) - before;
    await stage.clean(namespace);
    return { templates, reconciles, ...costOf(measured) };
  });
}

const reconcilesOf = async (operator: MeasuredOperator): Promise<number> =>
  sumOf(await operator.scrape(), 'controller_runtime_reconcile_total', { controller: 'workflow' });
