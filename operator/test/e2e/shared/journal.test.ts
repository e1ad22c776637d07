import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { givenLongTail, givenPage, goOn } from '../../support/paged-run.ts';
import { conditionOf } from '../../support/scenario.ts';

useSharedOperator();

describe('a page of history that is there already', () => {
  it.concurrent('is taken for the one to be written when it says the same', async ({ scenario }) => {
    const run = await givenLongTail(scenario);
    await givenPage(scenario, run, run.status?.journal?.tail ?? '');
    await goOn(scenario);
    const ended = await scenario.ended('paged');
    expect(conditionOf(ended, 'Succeeded').status).toBe('True');
    expect(ended.status?.journal?.pages).toBe(1);
    expect(await scenario.journals()).toHaveLength(1);
  });

  it.concurrent('is no page when it says something else: the page gets another name, and people are told', async ({
    scenario,
  }) => {
    const run = await givenLongTail(scenario);
    await givenPage(scenario, run, '[]');
    await goOn(scenario);
    const ended = await scenario.ended('paged');
    expect(conditionOf(ended, 'Succeeded').status).toBe('True');
    expect(conditionOf(ended, 'HistoryDamaged')).toMatchObject({ status: 'True', reason: 'HistoryDamaged' });
    expect(await scenario.journals()).toHaveLength(2);
  });
});
