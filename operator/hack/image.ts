/**
 * `npm run image`: builds the Dockerfile and writes the image as an archive that `npm run cluster -- load FILE`, kind
 * and containerd take. A Docker engine builds it where one answers; elsewhere buildah does, on a base made here.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type CommandOptions, must } from '../cluster/command.ts';
import { dockerEngineAnswers } from '../cluster/kind.ts';
import { withLock } from '../cluster/lock.ts';
import { ensurePackages, programs } from '../cluster/packages.ts';
import { type ProgressSink, runStep, streamProgress } from '../cluster/progress.ts';
import { ensureBase } from './image/base.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const REQUIREMENTS = [programs('buildah', 'buildah'), programs('debootstrap', 'debootstrap')];

export interface ImageOptions {
  /** Names of the image, such as `ado/operator:0.1.0`; the same image bears all of them. */
  readonly names: readonly [string, ...string[]];
  /** Path of the archive. */
  readonly output: string;
  readonly progress?: ProgressSink;
}

/** The name in config/operator/deployment.yaml, without which a Deployment would not find its image. */
export function deployedName(): string {
  const text = readFileSync(join(ROOT, 'config/operator/deployment.yaml'), 'utf8');
  const name = /^\s+image: (\S+)$/m.exec(text)?.[1];
  if (name === undefined) throw new Error('config/operator/deployment.yaml names no image');
  return name;
}

/** The image that the Dockerfile begins from, where no build argument says otherwise. */
export function baseName(dockerfile: string): string {
  const name = /^ARG NODE_IMAGE=(\S+)$/m.exec(dockerfile)?.[1];
  if (name === undefined) throw new Error('the Dockerfile has no ARG NODE_IMAGE with a default');
  return name;
}

/**
 * Builds the image and writes its archive.
 * @throws ClusterError when the machine lacks something; Error with the last words of the builder
 */
export async function buildImage({ names, output, progress }: ImageOptions): Promise<void> {
  mkdirSync(dirname(output), { recursive: true });
  if (await dockerEngineAnswers()) await byDocker(names, output, progress);
  else await byBuildah(names, output, progress);
}

async function byDocker(names: readonly string[], output: string, progress?: ProgressSink): Promise<void> {
  const step = { title: `building ${names[0]} with Docker`, expectedMs: 60_000 };
  await runStep(progress, step, async (detail) => {
    const tags = names.map((name) => `--tag=${name}`);
    await must('docker', ['build', ...secrets(), ...tags, ROOT], options(detail));
    await must('docker', ['save', '--output', output, ...names], options(detail));
  });
}

async function byBuildah(names: readonly string[], output: string, progress?: ProgressSink): Promise<void> {
  await ensurePackages(progress, { requirements: REQUIREMENTS, what: 'Building an image' });
  const buildah = await ensureBase(baseName(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')), progress);
  const [name = '', ...more] = names;
  await withLock(join(buildah.folder, 'build.lock'), async () => {
    const step = { title: `building ${name}`, expectedMs: 30_000 };
    await runStep(progress, step, async (detail) => {
      // The format of Docker: that of OCI has no health check.
      const build = [
        'bud',
        '--pull-never',
        '--layers',
        '--format=docker',
        ...secrets(),
        `--tag=localhost/${name}`,
        ROOT,
      ];
      await buildah.run(build, options(detail));
      rmSync(output, { force: true });
      const tags = more.map((tag) => `--additional-tag=${tag}`);
      await buildah.run(['push', '--quiet', `localhost/${name}`, `docker-archive:${output}:${name}`, ...tags]);
      await buildah.prune();
    });
  });
}

/** What this machine's npm is told, for the npm in the build: it reaches no layer. */
function secrets(): string[] {
  const files = { npmrc: join(homedir(), '.npmrc'), ca: process.env.NODE_EXTRA_CA_CERTS ?? '' };
  return Object.entries(files).flatMap(([id, path]) => (existsSync(path) ? [`--secret=id=${id},src=${path}`] : []));
}

const options = (detail: (text: string) => void): CommandOptions => ({
  timeoutMs: 900_000,
  onLine: (line) => detail(line.slice(0, 80)),
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      name: { type: 'string', multiple: true, default: [deployedName()] },
      output: { type: 'string', default: join(ROOT, 'dist/ado-operator-image.tar') },
    },
  });
  const [first = deployedName(), ...more] = values.name;
  const output = resolve(values.output);
  await buildImage({ names: [first, ...more], output, progress: streamProgress(process.stderr) });
  console.log(output);
}

if (import.meta.main) await main();
