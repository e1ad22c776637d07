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

  it.concurrent('stops the run for good when it says something else, and people are told', async ({ scenario }) => {
    const run = await givenLongTail(scenario);
    await givenPage(scenario, run, '[]');
    await goOn(scenario);
    const stalled = await scenario.runIs('paged', 'is stalled', ({ status }) => {
      return status?.conditions?.some(({ type, status: is }) => type === 'Stalled' && is === 'True') ?? false;
    });
    expect(conditionOf(stalled, 'Stalled')).toMatchObject({ reason: 'JournalConflict' });
    await scenario.kubectl(['delete', 'awr', 'paged']);
  });
});
