/** A task as far as its place in the graph goes. */
export interface Node {
  readonly name: string;
  readonly needs?: readonly string[] | undefined;
}

/** Needs by name, without those that name no task; of tasks with one name, the first counts. */
function edgesOf(tasks: readonly Node[]): Map<string, readonly string[]> {
  const names = new Set(tasks.map(({ name }) => name));
  const edges = new Map<string, readonly string[]>();
  for (const { name, needs = [] } of tasks) {
    if (!edges.has(name))
      edges.set(
        name,
        needs.filter((need) => names.has(need)),
      );
  }
  return edges;
}

/**
 * The names of all tasks, each after its needs; among tasks that are ready at once, in the order of the definition.
 * Tasks on a cycle, and those that need one, are left out: an order is complete exactly if there is no cycle.
 */
export function topologicalOrder(tasks: readonly Node[]): string[] {
  const edges = edgesOf(tasks);
  const dependants = new Map<string, string[]>([...edges.keys()].map((name) => [name, []]));
  const missing = new Map<string, number>();
  for (const [name, needs] of edges) {
    missing.set(name, needs.length);
    for (const need of needs) dependants.get(need)?.push(name);
  }
  const order = [...edges.keys()].filter((name) => missing.get(name) === 0);
  // The order grows while it is walked.
  for (const name of order) {
    for (const dependant of dependants.get(name) ?? []) {
      const left = (missing.get(dependant) ?? 0) - 1;
      missing.set(dependant, left);
      if (left === 0) order.push(dependant);
    }
  }
  return order;
}

/**
 * For each task, every task that it needs directly or through others. Tasks on a cycle have what is known without it.
 * The sets are the answer, V² at worst; each edge is looked at once, and sets are joined as bits.
 */
export function ancestors(tasks: readonly Node[]): Map<string, Set<string>> {
  const edges = edgesOf(tasks);
  const names = [...edges.keys()];
  const position = new Map(names.map((name, index) => [name, index]));
  const words = Math.ceil(names.length / 32);
  const bits = new Map(names.map((name) => [name, new Uint32Array(words)]));
  for (const name of topologicalOrder(tasks)) {
    const own = bits.get(name) as Uint32Array;
    for (const need of edges.get(name) ?? []) {
      const theirs = bits.get(need) as Uint32Array;
      for (let word = 0; word < words; word++) own[word] = (own[word] ?? 0) | (theirs[word] ?? 0);
      setBit(own, position.get(need) ?? 0);
    }
  }
  return new Map(names.map((name) => [name, namesIn(bits.get(name) as Uint32Array, names)]));
}

function setBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31));
}

function namesIn(bits: Uint32Array, names: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const [at, word] of bits.entries()) {
    // Take the lowest bit until none is left.
    for (let rest = word; rest !== 0; rest &= rest - 1) {
      found.add(names[at * 32 + 31 - Math.clz32(rest & -rest)] as string);
    }
  }
  return found;
}

/** The tasks of one cycle, each followed by one that it needs, the first repeated at the end; nothing if there is none. */
export function findCycle(tasks: readonly Node[]): string[] | undefined {
  const edges = edgesOf(tasks);
  const ordered = new Set(topologicalOrder(tasks));
  const start = [...edges.keys()].find((name) => !ordered.has(name));
  if (start === undefined) return undefined;
  // What is not in the order needs something that is not in the order either: the walk must come back to itself.
  const walked = new Map<string, number>();
  let current = start;
  while (!walked.has(current)) {
    walked.set(current, walked.size);
    current = edges.get(current)?.find((need) => !ordered.has(need)) as string;
  }
  return [...[...walked.keys()].slice(walked.get(current)), current];
}
