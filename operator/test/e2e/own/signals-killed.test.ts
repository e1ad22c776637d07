/** @module-tag full */
import { it, useOperator } from '../../support/e2e.ts';
import { expectEachOnceInOrder } from '../../support/signal-storm.ts';

useOperator();

it('applies each of 100 signals once and in order while it is killed every second', async ({ scenario }) => {
  await expectEachOnceInOrder(scenario, true);
});
