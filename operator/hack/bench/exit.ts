import { ClusterError } from '../../cluster/index.ts';

/** Runs a benchmark's command: 0 when it ended well, 2 with the usage for an option that cannot be used, 1 for all else. */
export async function exitCodeOf(main: () => Promise<number>, usage: string): Promise<number> {
  try {
    return await main();
  } catch (error) {
    const isUsage = error instanceof TypeError && error.message.startsWith('--');
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (isUsage) process.stderr.write(`${error.message}\n\n${usage}`);
    else process.stderr.write(`${error instanceof ClusterError ? error.message : text}\n`);
    return isUsage ? 2 : 1;
  }
}
