/**
 * `npm run mutate`: changes the engine in small ways, in a copy, and asks its unit tests whether they notice. Prints each
 * change that nobody noticed, and the score of each file. MUTANTS: how many (default 200), SEED: which ones.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Mutant, mutantsOf } from './mutate/mutants.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const COUNT = Number(process.env.MUTANTS ?? 200);
const SEED = Number(process.env.SEED ?? 1);
/** A mutant that goes round for ever is noticed by that. */
const TIMEOUT_MS = 30_000;
const ENGINE = 'src/engine';
const FOLDERS = ['', 'rules', 'actions'];
/** Where the tests are that are asked. */
const TESTED = ['', 'rules', 'validate'];

interface Chosen extends Mutant {
  readonly file: string;
}

function allMutants(operator: string): Chosen[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(operator, ENGINE, folder))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'index.ts')
      .flatMap((name) => {
        const file = join(ENGINE, folder, name);
        return mutantsOf(readFileSync(join(operator, file), 'utf8')).map((mutant) => ({ ...mutant, file }));
      }),
  );
}

/** The same ones for the same seed. */
function sample(all: readonly Chosen[]): Chosen[] {
  const rank = ({ file, from, text }: Chosen) => {
    let hash = SEED | 0;
    for (const char of `${file}${from}${text}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    return hash >>> 0;
  };
  return [...all].sort((a, b) => rank(a) - rank(b)).slice(0, COUNT);
}

/** Whether the tests pass in the copy. */
function passes(operator: string): boolean {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const options = ['run', '--config', join(operator, 'vitest.config.ts'), '--project', 'unit', '--bail', '1'];
  const paths = TESTED.flatMap((folder) =>
    readdirSync(join(operator, ENGINE, folder))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(ENGINE, folder, name)),
  );
  const { status } = spawnSync(process.execPath, [vitest, ...options, '--no-isolate', ...paths], {
    cwd: operator,
    timeout: TIMEOUT_MS,
    stdio: 'ignore',
  });
  return status === 0;
}

function judge(operator: string, { file, from, to, text, line }: Chosen): boolean {
  const path = join(operator, file);
  const source = readFileSync(path, 'utf8');
  writeFileSync(path, source.slice(0, from) + text + source.slice(to));
  const survived = passes(operator);
  writeFileSync(path, source);
  if (survived) console.log(`survived: ${file}:${line}: ${source.slice(from, to).slice(0, 60)} -> ${text}`);
  return !survived;
}

function main(): number {
  const folder = mkdtempSync(join(tmpdir(), 'ado-mutate-'));
  try {
    const operator = join(folder, 'operator');
    for (const name of ['src', 'vitest.config.ts', 'tsconfig.json']) {
      cpSync(join(ROOT, 'operator', name), join(operator, name), { recursive: true });
    }
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    if (!passes(operator)) throw new Error('the tests fail without any change');
    const scores = new Map<string, { noticed: number; all: number }>();
    for (const mutant of sample(allMutants(operator))) {
      const score = scores.get(mutant.file) ?? { noticed: 0, all: 0 };
      scores.set(mutant.file, score);
      score.all++;
      if (judge(operator, mutant)) score.noticed++;
    }
    return print(scores);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function print(scores: ReadonlyMap<string, { noticed: number; all: number }>): number {
  let noticed = 0;
  let all = 0;
  for (const [file, score] of [...scores].sort()) {
    console.log(`${file.padEnd(40)} ${score.noticed} of ${score.all}`);
    noticed += score.noticed;
    all += score.all;
  }
  console.log(
    `\n${noticed} of ${all} mutants noticed, ${((100 * noticed) / Math.max(1, all)).toFixed(0)} %, seed ${SEED}`,
  );
  return 0;
}

process.exitCode = main();
