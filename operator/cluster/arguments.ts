/** The command line of `npm run cluster`. Pure. */
import { parseArgs } from 'node:util';
import type { ClusterOptions } from './choose.ts';
import { ClusterError } from './errors.ts';

export const COMMANDS = ['up', 'down', 'status', 'kubeconfig', 'load', 'help'] as const;
export type CommandName = (typeof COMMANDS)[number];

export interface Invocation extends ClusterOptions {
  command: CommandName;
  /** Archive of `load`. */
  file?: string;
}

export const HELP = `A Kubernetes cluster on this machine, for the demo and the tests.

  npm run cluster -- up                Start the cluster, unless it runs already.
  npm run cluster -- down              Stop the cluster and remove all of its files.
  npm run cluster -- status            Show its components. Exit code 3 unless all of them run.
  npm run cluster -- kubeconfig        Print the path of its kubeconfig.
  npm run cluster -- load FILE         Import an image archive (docker-archive or OCI tar).

  --name NAME      Name of the cluster (default: $ADO_CLUSTER, or ado).
  --context NAME   Use the cluster of this kubeconfig context instead.
  --kwok N         N simulated nodes instead of a real one, for load tests.
  --kubelet        With --kwok: a real node as well.

With a Docker engine, kind creates the cluster; otherwise it consists of processes on this machine
(Linux; a real node requires root). The first start builds Kubernetes from source: about 6 minutes
on 2 cores. Exit codes: 0 done, 1 failed, 2 wrong command line, 3 not running.
`;

/** An invalid command line. */
export class UsageError extends ClusterError {}

const MAX_SIMULATED = 5000;

/** @param usual default name of the cluster */
export function parseCommand(argv: readonly string[], usual = 'ado'): Invocation {
  const { values, positionals } = parse(argv);
  if (values.help) return { command: 'help', name: usual };
  const [command = 'help', file, ...rest] = positionals;
  const known = COMMANDS.find((name) => name === command);
  if (known === undefined) throw new UsageError(`Unknown command "${command}".`, `Use one of: ${COMMANDS.join(', ')}.`);
  if (rest.length > 0 || (file !== undefined && known !== 'load')) {
    throw new UsageError(`Unexpected argument "${rest[0] ?? file}".`, `See: npm run cluster -- help`);
  }
  if (known === 'load' && file === undefined)
    throw new UsageError('load requires the path of an archive.', 'Use: load FILE');
  return {
    command: known,
    name: values.name ?? usual,
    ...(file === undefined ? {} : { file }),
    ...(values.context === undefined ? {} : { context: values.context }),
    ...(values.kwok === undefined ? {} : { kwok: simulatedNodes(values.kwok) }),
    ...(values.kubelet ? { kubelet: true } : {}),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        context: { type: 'string' },
        kwok: { type: 'string' },
        kubelet: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${words.split(/\.\s/)[0]?.replace(/\.$/, '')}.`, 'See: npm run cluster -- help');
  }
}

function simulatedNodes(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_SIMULATED) return count;
  throw new UsageError(`--kwok "${text}" is not a valid number.`, `Give a number of nodes from 1 to ${MAX_SIMULATED}.`);
}
