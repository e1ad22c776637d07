/** `npm run soak`: one operator for long, with everything that comes again and again, and kills; counts must be equal. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOf } from './bench/exit.ts';
import { Stage } from './bench/stage.ts';
import { readArguments, type SoakArguments, USAGE } from './soak/arguments.ts';
import { Soak } from './soak/soak.ts';

const SIMULATED_NODES = 2;

const say = (text: string) => process.stdout.write(`${text}\n`);

async function soak(options: SoakArguments, folder: string): Promise<number> {
  const stage = await Stage.open(options.name, SIMULATED_NODES, folder, false);
  const { problems, ...result } = await new Soak(stage, options, (text) => process.stderr.write(`${text}\n`)).run();
  for (const [what, figure] of Object.entries(result)) say(`${what.padEnd(24)} ${figure}`);
  for (const problem of problems) say(`PROBLEM ${problem}`);
  if (options.out) writeFileSync(options.out, `${JSON.stringify({ ...result, problems }, null, 2)}\n`);
  await stage.close();
  if (options.down) await stage.cluster.down();
  return problems.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2));
  if (options.help) {
    say(USAGE);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'ado-soak-'));
  const code = await soak(options, folder);
  // After a failure the folder stays: the operator's log in it says why.
  if (code === 0) rmSync(folder, { recursive: true, force: true });
  return code;
}

process.exitCode = await exitCodeOf(main, USAGE);
