import { beforeAll, describe, expect, it } from 'vitest';
import { type Fault, type Hands, runCase } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { DIAMOND_END, diamond } from '../support/diamond.ts';
import { expectSameEnd } from '../support/judge.ts';
import { randomOf, SEED } from '../support/random.ts';
import { bookmarksOnly, onlyEvents, type PassingEvent } from '../support/watch-faults.ts';

const stage = useSimulatedStage('ado-faults');
/** How many events of each resource the operator is told of in a run without faults. */
const told = new Map<string, number>();

beforeAll(async () => {
  const counting = onlyEvents(({ resource }) => {
    told.set(resource, (told.get(resource) ?? 0) + 1);
    return true;
  });
  await runCase(stage(), diamond, { name: 'counting events', rules: () => [counting] });
});

/** The n-th event of a resource is the one that never arrives. */
function nth({ met }: Hands, resource: string, number: number): (event: PassingEvent) => boolean {
  let seen = 0;
  return (event) => {
    if (event.resource !== resource || ++seen !== number) return false;
    met();
    return true;
  };
}

function missing(resource: string, number: number): Fault {
  const name = `missing event ${number} of ${resource}`;
  return {
    name,
    rules: (hands) => {
      const isIt = nth(hands, resource, number);
      return [onlyEvents((event) => !isIt(event))];
    },
  };
}

function atRandom(percent: number): Fault {
  const random = randomOf(SEED + percent);
  // One is lost for certain: of few events, chance may choose none.
  let certain = 1 + Math.floor(random() * 20);
  return {
    name: `missing ${percent} % of all events (ADO_SEED=${SEED})`,
    rules: ({ met }) => [
      onlyEvents(() => {
        if (random() * 100 >= percent && --certain !== 0) return true;
        met();
        return false;
      }),
    ],
  };
}

describe('a watch that loses events', () => {
  it.concurrent.each(['workflows', 'workflowruns', 'pods', 'controllerrevisions'])(
    'is repaired by the next list, whichever single event of %s is lost',
    async (resource) => {
      // The last ones may not come about in another run: two changes meet in one event.
      expect(told.get(resource)).toBeGreaterThan(0);
      const sure = Math.max(1, Math.floor((told.get(resource) ?? 0) * 0.9));
      const faults = Array.from({ length: sure }, (_, index) => missing(resource, index + 1));
      await expectSameEnd(stage(), diamond, DIAMOND_END, faults);
    },
  );

  it.concurrent('is repaired by the next list when some of all events are lost', async () => {
    await expectSameEnd(stage(), diamond, DIAMOND_END, [1, 5, 10, 15, 20].map(atRandom));
  });

  it.concurrent('is repaired by the next list when it tells nothing but bookmarks', async () => {
    const silent = (resource: string): Fault => ({
      name: `bookmarks only of ${resource}`,
      rules: ({ met }) => [
        bookmarksOnly((event) => {
          if (event.resource !== resource) return false;
          met();
          return true;
        }),
      ],
    });
    await expectSameEnd(stage(), diamond, DIAMOND_END, ['workflowruns', 'pods'].map(silent));
  });
});
