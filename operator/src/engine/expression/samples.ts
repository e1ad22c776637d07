import type { Bindings, Scope } from './scope.ts';

/** For tests: a scope with one of each: every type, a plain ancestor, a fanned-out one, a task that is no ancestor. */
export const scope: Scope = {
  parameters: { version: 'String', count: 'Integer', ratio: 'Number', flag: 'Boolean', tags: 'List', conf: 'Object' },
  tasks: {
    build: { outputs: { digest: 'String', size: 'Integer' }, fannedOut: false },
    'unit-test': { outputs: { report: 'String', passed: 'Integer' }, fannedOut: true },
  },
  allTasks: new Set(['build', 'unit-test', 'ship', 'announce']),
  item: false,
  attempt: false,
};

export const bindings: Bindings = {
  params: { version: 'v1.2', count: 3, ratio: 2, flag: true, tags: ['a', 'b'], conf: { a: 1, b: { c: [1.5, 2] } } },
  tasks: {
    build: { outputs: { digest: 'abc', size: 5 }, status: 'Succeeded' },
    'unit-test': { outputs: [{ report: 'x', passed: 1 }, null, { report: 'z', passed: 3 }], status: 'Succeeded' },
  },
  run: { name: 'release-1', uid: 'u-1', namespace: 'shop', workflow: 'release' },
  types: scope,
};
