/** An attempt that waits for permits; one that has asked and was refused. */
export interface Waiter {
  readonly key: string;
  readonly namespace: string;
  readonly run: string;
  readonly uid: string;
  readonly path: string;
  readonly attempt: number;
  /** If it is an item of a fan-out. */
  readonly item: Item | undefined;
  /** Of its run, -100 to 100. */
  priority: number;
  /** Monotonic time of its first question, and of its last. */
  readonly since: number;
  asked: number;
  /** Monotonic time at which its run was told to ask again; unset by the next question. */
  woken: number | undefined;
  /** What it wants, by semaphore in the order of their names. */
  readonly wants: readonly Want[];
}

export interface Item {
  /** Path of the fan-out. */
  readonly of: string;
  readonly index: number;
}

/** Which item of which fan-out a path names, if it names one. */
export function itemOf(path: string): Item | undefined {
  const match = /^(.*)\[(\d+)\]$/.exec(path);
  return match ? { of: match[1] ?? '', index: Number(match[2]) } : undefined;
}

export interface Want {
  readonly key: string;
  readonly permits: number;
  readonly share: string;
}

/** What the order of the waiters of one semaphore depends on besides themselves. */
export interface Shares {
  /** Permits that each share holds now. */
  heldByShare(): ReadonlyMap<string, number>;
  /** Number of the grant that last went to the share; 0: none. */
  servedAt(share: string): number;
}

/** Waiting makes everybody more urgent, so that nobody waits for ever: a point of priority every 6 seconds. */
const POINT_MS = 6_000;

const urgency = ({ priority, since }: Waiter, now: number): number => priority + (now - since) / POINT_MS;

/**
 * The waiters of a semaphore in the order of their turns: the share that holds least first, counting what those before
 * would get; of equal shares the one that was served longest ago; within a share by urgency, then by age.
 */
export function inOrder(waiters: Iterable<Waiter>, key: string, shares: Shares, now: number): Waiter[] {
  const wanted = (waiter: Waiter) => waiter.wants.find((want) => want.key === key);
  const byShare = Map.groupBy(waiters, (waiter) => wanted(waiter)?.share ?? '');
  const heldByShare = shares.heldByShare();
  const turns: { waiter: Waiter; held: number; served: number; urgency: number }[] = [];
  for (const [share, members] of byShare) {
    members.sort((a, b) => urgency(b, now) - urgency(a, now) || a.since - b.since);
    let held = heldByShare.get(share) ?? 0;
    const served = shares.servedAt(share);
    for (const waiter of members) {
      turns.push({ waiter, held, served, urgency: urgency(waiter, now) });
      held += wanted(waiter)?.permits ?? 1;
    }
  }
  turns.sort((a, b) => a.held - b.held || a.served - b.served || b.urgency - a.urgency);
  return turns.map(({ waiter }) => waiter);
}

/** One semaphore as `admissible` sees it. */
export interface Queue {
  readonly key: string;
  readonly waiters: readonly Waiter[];
  /** Permits that can be taken now: not held, and within the rate. */
  readonly free: number;
}

/**
 * The waiters that can have all they want now. Nobody overtakes on a semaphore: who does not fit keeps those behind out,
 * so that large wants are not starved by small ones. A waiter counts on a semaphore only if it would get all those of
 * its own that come before by name: then waits go up in one order of names, and no circle of waits can form.
 */
export function admissible(queues: readonly Queue[]): Set<Waiter> {
  const got = new Map<Waiter, number>();
  const done = new Set<Waiter>();
  for (const { key, waiters, free } of [...queues].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    let left = free;
    for (const waiter of waiters) {
      const step = waiter.wants.findIndex((want) => want.key === key);
      if ((got.get(waiter) ?? 0) !== step) continue;
      const { permits = 0 } = waiter.wants[step] ?? {};
      if (permits > left) break;
      left -= permits;
      got.set(waiter, step + 1);
      if (step + 1 === waiter.wants.length) done.add(waiter);
    }
  }
  return done;
}
