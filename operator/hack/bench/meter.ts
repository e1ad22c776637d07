import { OPERATOR_USER } from '../operator-account.ts';
import type { AuditRecord } from './audit.ts';
import type { Cost } from './cost.ts';
import type { MeasuredOperator } from './operator-process.ts';
import type { Stage } from './stage.ts';
import { unitSeconds } from './unit/unit.ts';

export interface Metered<T> extends Cost {
  readonly result: T;
  /** Everything that the API server was asked meanwhile, by anyone. */
  readonly records: readonly AuditRecord[];
  /** Largest resident memory of the operator since it began, bytes. */
  readonly peakBytes: number;
}

/** What work costs, from a quiet operator until it is quiet again. The units of work are done while it has nothing to do. */
export async function metered<T>(
  stage: Stage,
  operator: MeasuredOperator,
  work: () => Promise<T>,
): Promise<Metered<T>> {
  await stage.audit.quiet(OPERATOR_USER);
  const unitBefore = await unitSeconds();
  const mark = stage.audit.mark();
  const [before, serverBefore] = [operator.usage(), stage.apiServer()];
  const result = await work();
  await stage.audit.quiet(OPERATOR_USER);
  const [after, serverAfter] = [operator.usage(), stage.apiServer()];
  const records = stage.audit.since(mark);
  const unitAfter = await unitSeconds();
  return {
    result,
    records,
    peakBytes: after.peakBytes,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    apiServerCpuSeconds: serverAfter.cpuSeconds - serverBefore.cpuSeconds,
    unitSeconds: (unitBefore + unitAfter) / 2,
  };
}
