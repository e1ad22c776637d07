import { describe, it } from 'vitest';
import type { Fault, Scenario } from '../support/case.ts';
import { useSimulatedStage } from '../support/case-stage.ts';
import { DIAMOND_END, diamond } from '../support/diamond.ts';
import type { ProxiedRequest, Rule } from '../support/fault-proxy.ts';
import { answerWith, gone, noting, when } from '../support/faults.ts';
import { expectSameEnd } from '../support/judge.ts';
import { randomOf, SEED } from '../support/random.ts';
import { endpointOf } from '../support/request-log.ts';
import { blackHole, changedEvents, cutStream, inPieces } from '../support/watch-faults.ts';

const stage = useSimulatedStage('ado-faults');
const RESOURCES = ['workflows', 'workflowruns', 'pods', 'controllerrevisions'] as const;
/** So rare that nothing here is repaired by them. */
const NO_LISTS = { flags: ['--relist-period', '10m'], awaitsLists: false };
/** Streams that are broken in a case; after them the network is well. */
const BROKEN = 8;

const isWatch = ({ path }: ProxiedRequest): boolean => path.includes('watch=true');

/** Counts what happens to each resource, or to each asker. */
function counter(): (subject: string) => number {
  const counts = new Map<string, number>();
  return (subject) => {
    const count = (counts.get(subject) ?? 0) + 1;
    counts.set(subject, count);
    return count;
  };
}

/** The same diamond with characters of two, three and four bytes in everything that watches tell of it. */
const foreign: Scenario = (namespace) => {
  const { workflow } = diamond(namespace);
  const { spec } = workflow;
  const env = { ...spec.defaults?.env, GREETING: 'Grüße, 世界 🌍' };
  return { workflow: { ...workflow, spec: { ...spec, defaults: { ...spec.defaults, env } } } };
};

describe('a half-open watch', () => {
  const halfOpen = (resource: string, after: number): Fault => ({
    name: `silence of ${resource} after ${after} chunks`,
    flags: [...NO_LISTS.flags, '--watch-silence', '6s'],
    awaitsLists: false,
    rules: ({ met }) => {
      const streams = counter();
      const dies = (request: ProxiedRequest) => {
        let passed = 0;
        const isIt = request.resource === resource && isWatch(request) && streams(endpointOf(request)) === 1;
        return () => {
          if (!isIt || passed++ < after) return false;
          met();
          return true;
        };
      };
      return [blackHole(dies)];
    },
  });

  it.concurrent('is given up after the time that --watch-silence says, and nothing is missed', async () => {
    const faults = RESOURCES.flatMap((resource) => [0, 1].map((after) => halfOpen(resource, after)));
    const sure = faults.filter(({ name }) => !/(workflows|revisions) after 1/.test(name));
    await expectSameEnd(stage(), diamond, DIAMOND_END, sure);
  });
});

describe('a watch that is cut', () => {
  const cutAnywhere = (seed: number): Fault => ({
    name: `streams cut at any byte (ADO_SEED=${SEED}, ${seed})`,
    ...NO_LISTS,
    rules: ({ met }) => {
      const random = randomOf(SEED + seed);
      let left = BROKEN;
      let limit = Math.floor(random() * 3_000);
      return [
        cutStream((chunk, passed) => {
          if (left === 0 || passed + chunk.length <= limit) return undefined;
          const end = limit - passed;
          left--;
          limit = 1 + Math.floor(random() * 3_000);
          met();
          return Math.max(0, end);
        }),
      ];
    },
  });

  it.concurrent('goes on where it was, at whichever byte it is cut', async () => {
    await expectSameEnd(stage(), foreign, DIAMOND_END, [1, 2, 3, 4, 5, 6].map(cutAnywhere));
  });

  it.concurrent('goes on where it was when it is cut inside a character', async () => {
    const inside = (bytes: number): Fault => ({
      name: `streams cut inside a character of ${bytes} bytes`,
      ...NO_LISTS,
      rules: ({ met }) => {
        let left = BROKEN;
        const lead = { 2: 0xc3, 3: 0xe4, 4: 0xf0 }[bytes] ?? 0;
        return [
          cutStream((chunk) => {
            const at = chunk.indexOf(lead);
            if (at < 0 || left-- <= 0) return undefined;
            met();
            return at + 1;
          }),
        ];
      },
    });
    await expectSameEnd(stage(), foreign, DIAMOND_END, [2, 3, 4].map(inside));
  });

  it.concurrent('understands what comes in pieces of a few bytes', async () => {
    const pieces: Fault = {
      name: 'pieces',
      ...NO_LISTS,
      rules: ({ met }) => {
        const random = randomOf(SEED);
        met();
        return [inPieces(() => 1 + Math.floor(random() * 7))];
      },
    };
    await expectSameEnd(stage(), foreign, DIAMOND_END, [pieces]);
  });
});

describe('a position that the server has forgotten (410)', () => {
  /** Ends streams after two events each, so that there are positions to be forgotten. */
  const shortStreams = (): Rule => {
    let left = BROKEN;
    return cutStream((chunk) => {
      const second = chunk.indexOf(0x0a) + 1;
      return second === 0 || left-- <= 0 ? undefined : second;
    });
  };

  it.concurrent('leads to a list when it is told by the status of a watch', async () => {
    const told = (resource: string): Fault => ({
      name: `410 for watches of ${resource}`,
      ...NO_LISTS,
      rules: ({ met }) => {
        const asked = counter();
        const isForgotten = (request: ProxiedRequest) =>
          isWatch(request) && request.resource === resource && [2, 4].includes(asked(resource));
        return [when(isForgotten, noting(answerWith(gone), met)), shortStreams()];
      },
    });
    await expectSameEnd(stage(), diamond, DIAMOND_END, ['workflowruns', 'pods'].map(told));
  });

  it.concurrent('leads to a list when it is told by an event of a watch', async () => {
    const told = (resource: string): Fault => ({
      name: `410 in watches of ${resource}`,
      ...NO_LISTS,
      rules: ({ met }) => {
        const event = JSON.stringify({ type: 'ERROR', object: JSON.parse(String(gone.body)) });
        const count = counter();
        // What the event would have told is lost: only a list can say it.
        return [
          changedEvents((passing) => {
            if (passing.resource !== resource || ![1, 3, 6].includes(count(resource))) return passing.text;
            met();
            return event;
          }),
        ];
      },
    });
    await expectSameEnd(stage(), diamond, DIAMOND_END, RESOURCES.map(told));
  });

  it.concurrent('starts a list over when it is told for one of its pages', async () => {
    const told: Fault = {
      name: '410 for pages',
      rules: ({ met }) => {
        const asked = counter();
        const isForgotten = ({ path, resource }: ProxiedRequest) => path.includes('continue=') && asked(resource) < 4;
        const smallPages: Rule = ({ path }, forward) => forward(path.replace('limit=500', 'limit=1'));
        return [when(isForgotten, noting(answerWith(gone), met)), smallPages];
      },
    };
    await expectSameEnd(stage(), diamond, DIAMOND_END, [told]);
  });
});
