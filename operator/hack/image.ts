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
  /** Name of the image, such as `ado/operator:0.1.0`. */
  readonly name: string;
  /** Another name of the same image. */
  readonly alias?: string;
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
export async function buildImage(options: ImageOptions): Promise<void> {
  mkdirSync(dirname(options.output), { recursive: true });
  if (await dockerEngineAnswers()) await byDocker(options);
  else await byBuildah(options);
}

async function byDocker({ name, alias, output, progress }: ImageOptions): Promise<void> {
  const names = alias === undefined ? [name] : [name, alias];
  const step = { title: `building ${name} with Docker`, expectedMs: 60_000 };
  await runStep(progress, step, async (detail) => {
    const tags = names.map((each) => `--tag=${each}`);
    await must('docker', ['build', ...secrets(), ...tags, ROOT], limits(detail));
    await must('docker', ['save', '--output', output, ...names], limits(detail));
  });
}

async function byBuildah({ name, alias, output, progress }: ImageOptions): Promise<void> {
  await ensurePackages(progress, { requirements: REQUIREMENTS, what: 'Building an image' });
  const buildah = await ensureBase(baseName(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')), progress);
  const source = qualified(name);
  // The archive bears the name that is pushed, and the name that it is pushed to.
  const target = `docker-archive:${output}:${qualified(alias ?? name)}`;
  await withLock(join(buildah.folder, 'build.lock'), async () => {
    const step = { title: `building ${name}`, expectedMs: 30_000 };
    await runStep(progress, step, async (detail) => {
      // The format of Docker: that of OCI has no health check.
      const build = ['bud', '--pull-never', '--layers', '--format=docker', ...secrets(), `--tag=${source}`, ROOT];
      await buildah.run(build, limits(detail));
      rmSync(output, { force: true });
      await buildah.run(['push', '--quiet', source, target]);
      await buildah.prune();
    });
  });
}

/** A short name as Docker, containerd and Kubernetes complete it; buildah would put it under `localhost`. */
export function qualified(name: string): string {
  const [first = '', ...rest] = name.split('/');
  if (rest.length === 0) return `docker.io/library/${name}`;
  return /[.:]|^localhost$/.test(first) ? name : `docker.io/${name}`;
}

/** What this machine's npm is told, for the npm in the build: it reaches no layer. */
function secrets(): string[] {
  const files = { npmrc: join(homedir(), '.npmrc'), ca: process.env.NODE_EXTRA_CA_CERTS ?? '' };
  return Object.entries(files).flatMap(([id, path]) => (existsSync(path) ? [`--secret=id=${id},src=${path}`] : []));
}

const limits = (detail: (text: string) => void): CommandOptions => ({
  timeoutMs: 900_000,
  onLine: (line) => detail(line.slice(0, 80)),
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      name: { type: 'string', default: deployedName() },
      output: { type: 'string', default: join(ROOT, 'dist/ado-operator-image.tar') },
    },
  });
  const output = resolve(values.output);
  await buildImage({ name: values.name, output, progress: streamProgress(process.stderr) });
  console.log(output);
}

if (import.meta.main) await main();
