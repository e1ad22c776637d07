import type { BenchArguments } from './arguments.ts';
import { floorOf } from './floor.ts';
import { measureRuns, type OperatorFigures } from './measure.ts';
import type { Stage } from './stage.ts';
import { DIAMOND, workflowOf } from './workflows.ts';

const NAME = 'diamond';

/** Ado and the floor, one right after the other. */
export interface Pair {
  readonly ado: OperatorFigures;
  readonly floorSeconds: number | undefined;
}

/** Many diamonds at once, in turns with the same pods and no operator: every other pair begins with the floor. */
export async function diamonds(stage: Stage, options: BenchArguments, say: (text: string) => void): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let index = 0; index < options.pairs; index++) {
    const floorFirst = options.floor && index % 2 === 1;
    const before = floorFirst ? await floor(stage, options) : undefined;
    const ado = await runs(stage, options, 'Keep');
    const floorSeconds = options.floor && !floorFirst ? await floor(stage, options) : before;
    pairs.push({ ado, floorSeconds });
    const beside = floorSeconds === undefined ? '' : `, floor ${floorSeconds.toFixed(1)} s`;
    say(`pair ${index + 1} of ${options.pairs}: Ado ${ado.seconds.toFixed(1)} s${beside}`);
  }
  return pairs;
}

const floor = async (stage: Stage, options: BenchArguments): Promise<number> =>
  (await floorOf(stage, NAME, DIAMOND, options.runs)).seconds;

/** Many diamonds at once whose pods are deleted as soon as their results are stored. */
export const deleted = (stage: Stage, options: BenchArguments): Promise<OperatorFigures> =>
  runs(stage, options, 'Delete');

function runs(stage: Stage, options: BenchArguments, pods: 'Keep' | 'Delete'): Promise<OperatorFigures> {
  return stage.withOperator(async (operator) => {
    const namespace = await stage.namespace();
    const workflow = workflowOf(namespace, NAME, DIAMOND, { retention: { succeeded: { count: 1000 }, pods } });
    await stage.ready(workflow);
    const { figures } = await measureRuns(stage, operator, workflow, options.runs);
    await stage.clean(namespace);
    return figures;
  });
}
