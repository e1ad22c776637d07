/** @module-tag full */
import { it, useOperator } from '../../support/e2e.ts';
import { expectEachOnceInOrder } from '../../support/signal-storm.ts';

useOperator({ admission: true });

it('takes 100 signals through its webhook once and in order while it is killed every second', async ({ scenario }) => {
  await expectEachOnceInOrder(scenario, false);
});
