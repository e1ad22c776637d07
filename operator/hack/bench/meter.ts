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

/** Measures the cost of work, from an idle operator until it is idle again. The units of work run while it is idle. */
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
