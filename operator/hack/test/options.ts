/** What `npm test`, `npm run test:full` and their like were asked for. */
import { globSync, readFileSync } from 'node:fs';
import { matchesGlob } from 'node:path';
import { parseArgs } from 'node:util';
import { GROUPS, STEPS, type Step, type Tier } from './steps.ts';

export const USAGE = `usage: npm test [-- WORD...]                what every change must pass, in minutes
       npm run test:full [-- WORD...]       all there is, in the sizes of a night
       npm run test:full -- --repeat N WORD...   the same again and again: finds weak tests

  WORD  a step (${['verify', ...STEPS.map(({ name }) => name)].join(', ')}), a group (${Object.keys(GROUPS).join(', ')}),
        or a part of the path of test files; what is named runs whole, and its cluster stays up for the next time
  ADO_SEED=N  takes the same cases as a run that printed this seed
`;

export interface Options {
  readonly tier: Tier;
  readonly repeat: number;
  /** In the order of the table; `verify` is the check without tests. */
  readonly steps: readonly ('verify' | Step)[];
  /** Test files that were named, from `operator/`; empty: all. */
  readonly files: readonly string[];
}

/** @throws UsageError that says which word is not known */
export function readOptions(argv: readonly string[], root: string): Options {
  const { values, positionals } = parsed(argv);
  const named = positionals.flatMap(stepsNamed);
  const found = positionals.filter((word) => stepsNamed(word).length === 0).flatMap((word) => filesFor(word, root));
  // Steps that are named beside files say which of the files are meant.
  const inNamed = found.filter((file) => named.includes(stepOf(file)?.name ?? ''));
  const files = inNamed.length > 0 ? inNamed : found;
  const names = new Set(files.length > 0 ? files.map((file) => stepOf(file)?.name) : named);
  const isWanted = (name: string) => names.size === 0 || names.has(name);
  return {
    tier: values.full || files.length > 0 ? 'full' : 'quick',
    repeat: repeatOf(values.repeat),
    steps: [...(isWanted('verify') ? (['verify'] as const) : []), ...STEPS.filter(({ name }) => isWanted(name))],
    files,
  };
}

/** The steps that a word names: a group, or one. */
function stepsNamed(word: string): readonly string[] {
  const isStep = word === 'verify' || STEPS.some(({ name }) => name === word);
  return GROUPS[word] ?? (isStep ? [word] : []);
}

function repeatOf(text = '1'): number {
  const repeat = Number(text);
  if (Number.isInteger(repeat) && repeat > 0) return repeat;
  throw new UsageError(`--repeat takes a whole number above 0, not ${text}`);
}

export class UsageError extends Error {}

/** The step that runs a test file. */
export function stepOf(file: string): Step | undefined {
  const matches = (globs: readonly string[]) => globs.some((glob) => matchesGlob(file, glob));
  return STEPS.find(({ include, exclude = [] }) => matches(include) && !matches(exclude));
}

/** All test files of the operator, from `operator/`. */
export const testFiles = (root: string): string[] =>
  globSync('{src,cluster,hack,test}/**/*.test.ts', { cwd: `${root}/operator` }).sort();

/** Whether only the full tier runs the file, as its first comment says. */
export function isFull(file: string, root: string): boolean {
  const [comment = ''] = /^\/\*\*[\s\S]*?\*\//.exec(readFileSync(`${root}/operator/${file}`, 'utf8')) ?? [];
  return comment.includes(`@${'module'}-tag full`);
}

/**
 * The files of a step that the quick tier runs with this seed: of those that take long one of `oneOf`, so that as many
 * runs with seeds in a row have run all of them.
 */
export function quickFiles(step: Step, seed: number, root: string): string[] {
  const { oneOf = 1 } = step;
  const files = testFiles(root).filter((file) => stepOf(file) === step && !isFull(file, root));
  return files.filter((_, index) => index % oneOf === seed % oneOf);
}

function filesFor(word: string, root: string): string[] {
  const found = testFiles(root).filter((file) => `operator/${file}`.includes(word));
  if (found.length === 0) throw new UsageError(`"${word}" is no step, no group and no part of the path of a test`);
  return found;
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { full: { type: 'boolean' }, repeat: { type: 'string' } },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
