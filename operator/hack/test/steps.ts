/**
 * The steps of `npm test`, from the quickest to the most real: which files each runs, how, and what it may take. This is
 * the one list of them; vitest's projects are made from it.
 */

export const TIERS = ['quick', 'full'] as const;
/** `npm test` is quick; `npm run test:full` has everything. A test that only the second runs has the tag `full`. */
export type Tier = (typeof TIERS)[number];

/**
 * Steps of one lane run one after the other, the lanes side by side. Steps that use the same cluster share a lane. The
 * lane `idle` computes without pause; it takes the processors only while the others wait.
 */
export const LANES = ['main', 'other', 'idle'] as const;

export interface Step {
  readonly name: string;
  readonly lane: (typeof LANES)[number];
  /** Test files, as globs from `operator/`. */
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
  /** ms that a test or a hook may take: far more than on a slow machine that does something else besides. */
  readonly timeoutMs: number;
  /** Files that run side by side; 1 where they share what only one may change. */
  readonly workers?: number;
  /** The quick tier runs one of so many of its files, those of the seed; default: all of them. */
  readonly oneOf?: number;
  /** How often a test that failed is tried again; one that passes then is named at the end. */
  readonly retry?: number;
  /** Whether files share the modules of their process, which spares importing them again for each: they must leave no state. */
  readonly sharesModules?: boolean;
  /** Runs once before all files; see vitest's globalSetup. */
  readonly setup?: string;
  /** Clusters that it makes and may leave when it is killed; ending one that is not there is harmless. */
  readonly clusters?: readonly string[];
  /** Seconds that the step may take in each tier on the machine that `cluster/pace.ts` is measured in. */
  readonly budget: Readonly<Record<Tier, number>>;
}

const MODEL = 'src/engine/model/*.test.ts';

export const STEPS: readonly Step[] = [
  {
    name: 'unit',
    lane: 'main',
    include: ['src/**/*.test.ts', 'cluster/**/*.test.ts', 'hack/**/*.test.ts', 'test/unit/**/*.test.ts'],
    exclude: [MODEL],
    timeoutMs: 30_000,
    sharesModules: true,
    budget: { quick: 45, full: 80 },
  },
  {
    name: 'model',
    lane: 'idle',
    include: [MODEL],
    timeoutMs: 24 * 3_600_000,
    workers: 2,
    budget: { quick: 20, full: 700 },
  },
  {
    name: 'apiserver',
    lane: 'main',
    include: ['test/apiserver/**/*.test.ts'],
    timeoutMs: 120_000,
    workers: 1,
    sharesModules: true,
    setup: 'test/apiserver/setup.ts',
    budget: { quick: 60, full: 60 },
  },
  {
    name: 'shared',
    lane: 'main',
    include: ['test/e2e/shared/**/*.test.ts'],
    timeoutMs: 900_000,
    workers: 2,
    sharesModules: true,
    oneOf: 2,
    retry: 1,
    setup: 'test/e2e/shared/setup.ts',
    clusters: ['ado-test'],
    budget: { quick: 120, full: 350 },
  },
  {
    name: 'attacks',
    lane: 'main',
    include: ['test/attacks/**/*.test.ts'],
    timeoutMs: 900_000,
    workers: 1,
    sharesModules: true,
    oneOf: 2,
    retry: 1,
    setup: 'test/support/installed-cluster.ts',
    clusters: ['ado-test'],
    budget: { quick: 190, full: 400 },
  },
  {
    name: 'own',
    lane: 'main',
    include: ['test/e2e/own/**/*.test.ts'],
    timeoutMs: 900_000,
    workers: 1,
    sharesModules: true,
    oneOf: 2,
    retry: 1,
    setup: 'test/support/installed-cluster.ts',
    clusters: ['ado-test', 'ado-fan-out', 'ado-chains'],
    budget: { quick: 150, full: 900 },
  },
  {
    name: 'install',
    lane: 'other',
    include: ['test/install/**/*.test.ts'],
    timeoutMs: 900_000,
    workers: 1,
    sharesModules: true,
    retry: 1,
    setup: 'test/install/setup.ts',
    clusters: ['ado-install'],
    budget: { quick: 170, full: 650 },
  },
  {
    name: 'crash',
    lane: 'other',
    include: ['test/crash/**/*.test.ts'],
    timeoutMs: 1_200_000,
    workers: 1,
    sharesModules: true,
    retry: 1,
    clusters: ['ado-crash'],
    budget: { quick: 200, full: 600 },
  },
  {
    name: 'faults',
    lane: 'other',
    include: ['test/faults/**/*.test.ts'],
    timeoutMs: 1_200_000,
    workers: 1,
    sharesModules: true,
    oneOf: 2,
    retry: 1,
    clusters: ['ado-faults'],
    budget: { quick: 100, full: 900 },
  },
];

/** Names for several steps. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = { e2e: ['shared', 'own'] };
