import { isJudgeThread } from '../judging/index.ts';
import { DamagedKeyError } from '../proofs/index.ts';
import { ConfigError, readConfig, USAGE } from './config.ts';
import { wire } from './wire.ts';

/** Entry point of the operator: reads the configuration and runs until SIGTERM or SIGINT. Resolves to the exit code. */
async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const operator = wire(readConfig(process.argv.slice(2), process.env));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void operator.stop());
  return (await operator.run()) === 'Stopped' ? 0 : 1;
}

async function run(): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof DamagedKeyError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

// In a bundle, the judging thread runs this file too.
if (!isJudgeThread()) await run();
