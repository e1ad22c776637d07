import type { Draws } from './draws.ts';
import type { Manner, World } from './world.ts';

/** What happens next in a world: a reconcile that goes well or not, time that passes, people who change their minds. */
export function takeStep(world: World, draws: Draws): void {
  const step = draws.pick(STEPS);
  step(world, draws);
}

type Step = (world: World, draws: Draws) => void;

const pass =
  (manner: (draws: Draws) => Manner): Step =>
  (world, draws) => {
    world.reconcile(manner(draws));
  };

/** A reconcile as it should be, and the clock goes on to when something changes. */
const goOn: Step = (world) => {
  const decision = world.reconcile();
  if (decision && !decision.more) world.now = world.nextMoment(decision.wakeAt) ?? world.now + 1000;
};

const forward: Step = (world, draws) => {
  world.now += draws.pick([1, 500, 1000, 4000, 20_000]);
};

/** The clock of the operator jumps, back or forth. */
const jump: Step = (world, draws) => {
  world.skew = draws.pick([0, -1, -1000, -30_000, 700, 9000]);
};

const pause: Step = (world) => {
  if (world.desired === 'Running') world.desired = 'Paused';
  else if (world.desired === 'Paused') world.desired = 'Running';
};

const stop: Step = (world, draws) => {
  if (draws.percent(60)) return;
  const to = draws.pick(['Cancelled', 'Terminated'] as const);
  if (world.desired !== 'Terminated') world.desired = to;
};

const answer: Step = (world, draws) => world.mail.answer(draws, world.now);
const send: Step = (world, draws) => world.mail.send(draws, world.now);

const STEPS: readonly Step[] = [
  goOn,
  goOn,
  goOn,
  goOn,
  goOn,
  goOn,
  pass(() => ({})),
  forward,
  forward,
  jump,
  pass((draws) => ({ diesAfter: draws.below(4) })),
  pass((draws) => ({ diesAfter: draws.below(8) })),
  pass(() => ({ records: true })),
  pass(() => ({ loses: true })),
  pass(() => ({ keeps: true })),
  pass((draws) => ({ stale: 1 + draws.below(3) })),
  pass((draws) => ({ blind: 1 + draws.below(3) })),
  pass((draws) => ({ blind: 1 + draws.below(2), loses: true })),
  pause,
  stop,
  (world, draws) => world.deletePod(draws.below(8)),
  answer,
  answer,
  send,
  (world) => world.tellSignals(),
  (world, draws) => {
    if (draws.percent(20)) world.mail.delete(draws.below(8));
  },
  (world, draws) => {
    if (draws.percent(5)) world.reconcile({ overBudget: true });
  },
];
