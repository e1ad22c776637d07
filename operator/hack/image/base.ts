/**
 * The image that the Dockerfile begins from, for machines that can pull none: Debian by debootstrap, with the Node of
 * the lock file and the machine's own npm.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { must, which } from '../../cluster/command.ts';
import { ClusterError } from '../../cluster/errors.ts';
import { withLock } from '../../cluster/lock.ts';
import { type ProgressSink, runStep } from '../../cluster/progress.ts';
import { Buildah } from './buildah.ts';

const SUITE = 'bookworm';

/** Makes the image `name` where it is missing, and returns the buildah that has it. */
export async function ensureBase(name: string, progress?: ProgressSink): Promise<Buildah> {
  const npm = npmFolder();
  const { version } = JSON.parse(readFileSync(join(npm, 'package.json'), 'utf8'));
  const inputs = [readFileSync(import.meta.filename), process.version, process.arch, version, name];
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(input).update('\0');
  const buildah = await Buildah.open(hash.digest('hex').slice(0, 16));
  mkdirSync(buildah.folder, { recursive: true });
  await withLock(join(buildah.folder, 'base.lock'), async () => {
    if (await buildah.has(`localhost/${name}`)) return;
    const step = { title: `making the base image ${name}`, expectedMs: 60_000 };
    await runStep(progress, step, (detail) => makeBase(buildah, name, npm, detail));
  });
  return buildah;
}

/** Where the machine's npm is, by the program that its name on the PATH leads to: `npm/bin/npm-cli.js`. */
function npmFolder(): string {
  const program = which('npm');
  const folder = program === undefined ? '' : resolve(realpathSync(program), '../..');
  if (existsSync(join(folder, 'bin/npm-cli.js'))) return folder;
  throw new ClusterError('The npm of this machine cannot be found.', 'Install Node with its own npm.');
}

async function makeBase(buildah: Buildah, name: string, npm: string, detail: (text: string) => void): Promise<void> {
  const root = join(buildah.folder, 'debian');
  rmSync(root, { recursive: true, force: true });
  await must('debootstrap', ['--variant=minbase', SUITE, root, ...(await mirror())], {
    timeoutMs: 900_000,
    onLine: (line) => detail(line.replace(/^I: /, '')),
  });
  detail('Node and npm');
  for (const folder of ['var/cache/apt', 'var/lib/apt/lists']) {
    rmSync(join(root, folder), { recursive: true, force: true });
  }
  const local = join(root, 'usr/local');
  cpSync(realpathSync(process.execPath), join(local, 'bin/node'));
  cpSync(npm, join(local, 'lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
  detail('image');
  const container = (await buildah.run(['from', 'scratch'])).trim();
  await buildah.run(['copy', '--quiet', container, root, '/']);
  await buildah.run(['config', '--env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container]);
  await buildah.run(['commit', '--quiet', '--rm', container, `localhost/${name}`]);
  rmSync(root, { recursive: true, force: true });
}

/** The mirror that this machine's own packages come from; where it is no Debian, debootstrap's own. */
async function mirror(): Promise<string[]> {
  const format = ['indextargets', '--format', '$(CODENAME) $(REPO_URI)', 'Created-By: Packages'];
  const targets = await must('apt-get', format).catch(() => '');
  const line = targets.split('\n').find((target) => target.startsWith(`${SUITE} `));
  return line === undefined ? [] : [line.slice(SUITE.length + 1)];
}
