/**
 * Builds the pinned programs once and caches them outside the work tree, in `$XDG_CACHE_HOME/ado` or `~/.cache/ado`.
 * Binaries appear atomically; concurrent commands build each one once.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import {
  BINARIES,
  type Binary,
  type BinaryPlan,
  cacheKey,
  expectedBuildMs,
  goBuildArgs,
  newEnough,
  remainingBuildMs,
} from './build-plan.ts';
import { run, which } from './command.ts';
import { ClusterError } from './errors.ts';
import { withLock } from './lock.ts';
import { pace } from './pace.ts';
import { duration, type ProgressSink, runStep } from './progress.ts';

const MODULES = join(import.meta.dirname, 'modules');
const UNUSED_DAYS = 60;

export function cacheRoot(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ado');
}

/** Paths of the programs; builds missing ones. Throws ClusterError when Go is missing or too old. */
export async function ensureBinaries<B extends Binary>(
  names: readonly B[],
  progress?: ProgressSink,
): Promise<Record<B, string>> {
  const paths = await pathsOf(names);
  for (const [name, path] of paths) {
    if (exists(path)) continue;
    await withLock(`${path}.lock`, () => (exists(path) ? Promise.resolve() : build(name, path, progress)));
  }
  return Object.fromEntries(paths) as Record<B, string>;
}

/**
 * Expected ms to build the missing ones of these programs on this machine. Throws ClusterError like `ensureBinaries`.
 */
export async function buildingAhead(names: readonly Binary[]): Promise<number> {
  const missing = (await pathsOf(names)).filter(([, path]) => !exists(path));
  return missing.reduce((sum, [name]) => sum + expectedBuildMs(BINARIES[name], availableParallelism(), pace()), 0);
}

async function pathsOf<B extends Binary>(names: readonly B[]): Promise<(readonly [B, string])[]> {
  const folders = new Map<string, string>();
  for (const module of new Set(names.map((name) => BINARIES[name].module))) {
    folders.set(module, await moduleCache(module));
  }
  return names.map((name) => [name, join(folders.get(BINARIES[name].module)!, name)] as const);
}

async function moduleCache(module: string): Promise<string> {
  const folder = join(MODULES, module);
  const sources = readdirSync(folder)
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const path = join(cacheRoot(), cacheKey(module, await goVersion(folder), sources));
  mkdirSync(path, { recursive: true });
  utimesSync(path, new Date(), new Date());
  removeUnused();
  return path;
}

/** The version that `go` uses in this module: a newer one if go.mod requires it and it can be downloaded. */
async function goVersion(folder: string): Promise<string> {
  if (which('go') === undefined) {
    throw new ClusterError(
      'The local cluster is built from Go modules, and there is no `go` on the PATH.',
      'Install Go 1.26 or newer (https://go.dev/dl), or use your own cluster with --context NAME.',
    );
  }
  const result = await run('go', ['env', 'GOVERSION'], { cwd: folder, timeoutMs: 300_000 });
  const version = result.stdout.trim();
  if (result.code === 0 && newEnough(version)) return version;
  throw new ClusterError(
    `This Go cannot build the local cluster: ${(result.stderr.trim() || `it is ${version}`).slice(-300)}.`,
    'Install Go 1.26 or newer (https://go.dev/dl).',
  );
}

async function build(name: Binary, path: string, progress?: ProgressSink): Promise<void> {
  const plan = BINARIES[name];
  const partial = `${path}.partial`;
  const step = { title: `building ${name}`, expectedMs: expectedBuildMs(plan, availableParallelism(), pace()) };
  const started = performance.now();
  let packages = 0;
  const result = await runStep(progress, step, (detail) =>
    run('go', goBuildArgs(plan, partial), {
      cwd: join(MODULES, plan.module),
      env: { CGO_ENABLED: '0' },
      timeoutMs: 3_600_000,
      onLine: (line) => {
        const fetching = line.startsWith('go: downloading');
        if (!fetching) packages += 1;
        detail(fetching ? line.slice(4) : rest(plan, packages, performance.now() - started));
      },
    }),
  );
  if (result.code !== 0) {
    rmSync(partial, { force: true });
    const words = result.stderr.trim().split('\n').slice(-8).join('\n');
    throw new ClusterError(
      `Building ${name} failed:\n${words}\n`,
      'If the module proxy cannot be reached, set GOPROXY to another one; otherwise retry: finished parts are cached.',
    );
  }
  renameSync(partial, path);
}

/** The progress of a build, and the remaining time at the pace so far. */
function rest(plan: BinaryPlan, packages: number, elapsedMs: number): string {
  const left = remainingBuildMs(plan, packages, elapsedMs);
  const done = `${packages} of about ${Math.max(packages, plan.packages)} packages`;
  return left === undefined ? done : `${done}, about ${duration(left)} left`;
}

/** Removes binaries of older pins that were not used for a while. */
function removeUnused(): void {
  const limit = Date.now() - UNUSED_DAYS * 86_400_000;
  for (const entry of readdirSync(cacheRoot())) {
    const path = join(cacheRoot(), entry);
    if (/-[0-9a-f]{16}$/.test(entry) && statSync(path).mtimeMs < limit) rmSync(path, { recursive: true, force: true });
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
