/**
 * `npm run bundle`: the programs of the image as they are deployed, each one file with everything it imports and a
 * source map beside it. Node then reads one file instead of some thousands, and keeps nothing of what is not used.
 */
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'rolldown';

const ROOT = resolve(import.meta.dirname, '../..');
const ENTRIES = join(ROOT, 'operator/src/cmd');
const OUTPUT = join(ROOT, 'dist');
const IN_PLACE_OF = {
  '@kubernetes/client-node': 'client-node.ts',
  gaxios: 'gaxios.ts',
  './gen/index.js': 'generated-clients.ts',
} as const;

/** Puts our small files in the place of what is imported and never used. */
const leaner: Plugin = {
  name: 'leaner',
  resolveId: {
    filter: { id: Object.keys(IN_PLACE_OF).map((id) => new RegExp(`^${id.replaceAll('.', '\\.')}$`)) },
    handler: (id, importer) => {
      const file = IN_PLACE_OF[id as keyof typeof IN_PLACE_OF];
      const generated = id.startsWith('./') && !importer?.includes('@kubernetes/client-node/dist/');
      return generated ? null : join(import.meta.dirname, 'bundle', file);
    },
  },
};

/**
 * Bundles the operator, the program beside tasks that have artifacts, and the one that makes requests of tasks, into a
 * folder (default `dist` of the repository), over an earlier bundle. Resolves to the path of the operator's file.
 * @throws Error when something cannot be resolved: it would be missing only when it is called for
 */
export async function bundleOperator(folder: string = OUTPUT): Promise<string> {
  for (const name of ['artifacts', 'http-task'] as const) await bundleProgram(name, folder);
  return bundleProgram('operator', folder);
}

/** Bundles one of the programs. Resolves to the path of its file. */
export async function bundleProgram(name: 'operator' | 'artifacts' | 'http-task', folder: string): Promise<string> {
  await build({
    input: { [name]: join(ENTRIES, `${name}.ts`) },
    // It starts with every task that has artifacts: the schemas, of which it uses nothing, would take most of its start.
    ...(name === 'artifacts' ? { treeshake: { moduleSideEffects: false } } : {}),
    cwd: ROOT,
    platform: 'node',
    plugins: [leaner],
    logLevel: 'warn',
    onLog: (level, log, handle) => {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      handle(level, log);
    },
    output: {
      dir: folder,
      format: 'esm',
      entryFileNames: '[name].mjs',
      sourcemap: true,
      codeSplitting: false,
    },
  });
  return join(folder, `${name}.mjs`);
}

if (import.meta.main) console.log(await bundleOperator());
