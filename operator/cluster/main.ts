/** `npm run cluster`: executes a command and reports the result as text and exit code. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type COMMANDS, HELP, type Invocation, parseCommand, UsageError } from './arguments.ts';
import { contextKubeconfig } from './context.ts';
import { ClusterError } from './errors.ts';
import { closeCluster, loadImages, openCluster } from './open-cluster.ts';
import { duration, streamProgress } from './progress.ts';
import { clusterFolder, clusterNames } from './state.ts';
import { clusterStatus, statusTable } from './status.ts';

type Command = (invocation: Invocation) => Promise<number>;

const say = (text: string) => void process.stdout.write(`${text}\n`);

const commands: Record<(typeof COMMANDS)[number], Command> = {
  help: async () => {
    say(HELP.trimEnd());
    return 0;
  },

  up: async (invocation) => {
    const started = performance.now();
    const cluster = await openCluster({ ...invocation, progress: streamProgress(process.stderr) });
    say(`${cluster.name} is up at ${cluster.server} (${duration(performance.now() - started)})`);
    say(`\n  export KUBECONFIG=${cluster.kubeconfig}\n  ${cluster.kubectl} get nodes`);
    return 0;
  },

  down: async ({ name, context }) => {
    if (context !== undefined) throw new UsageError('This command does not stop your own cluster.', 'Omit --context.');
    const there = existsSync(clusterFolder(name));
    await closeCluster(name);
    say(there ? `removed the cluster ${name}` : `there is no cluster ${name}; nothing to do`);
    return 0;
  },

  status: async ({ name }) => {
    const status = await clusterStatus(name);
    const others = clusterNames().filter((other) => other !== name && !other.startsWith('.'));
    if (status !== undefined) process.stdout.write(statusTable(status));
    if (status === undefined) say(`There is no cluster ${name}. Start it: npm run cluster -- up${nameOption(name)}`);
    if (status !== undefined && !status.whole)
      say(`\nSome components do not run. Start them: npm run cluster -- up${nameOption(name)}`);
    if (others.length > 0) say(`\nOther clusters here: ${others.join(', ')}`);
    return status?.whole ? 0 : 3;
  },

  kubeconfig: async ({ name, context }) => {
    const path = context === undefined ? join(clusterFolder(name), 'kubeconfig') : contextKubeconfig(context);
    if (!existsSync(path))
      throw new ClusterError(`There is no cluster ${context ?? name}.`, 'Start it: npm run cluster -- up');
    say(path);
    return 0;
  },

  load: async ({ name, context, file }) => {
    if (context !== undefined) {
      throw new UsageError(
        'Images cannot be loaded into your own cluster.',
        'Push them to a registry that it can pull from.',
      );
    }
    say(await loadImages(name, file ?? ''));
    return 0;
  },
};

const nameOption = (name: string) => (name === 'ado' ? '' : ` --name ${name}`);

async function main(): Promise<number> {
  try {
    const invocation = parseCommand(process.argv.slice(2), process.env.ADO_CLUSTER || undefined);
    return await commands[invocation.command](invocation);
  } catch (error) {
    if (error instanceof ClusterError) {
      process.stderr.write(`${error.message}\n`);
      return error instanceof UsageError ? 2 : 1;
    }
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}

// A closed stdout (`| head`) ends the command without an error.
process.stdout.on('error', () => process.exit(0));
process.exitCode = await main();
