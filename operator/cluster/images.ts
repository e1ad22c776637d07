/**
 * The images that a cluster needs before it can pull any: a pause image for its sandboxes, and the machine's own static
 * busybox under the image name of the examples. Built as docker-archive tars, which containerd and kind can import.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { arch } from 'node:os';
import { must, run } from './command.ts';
import { ClusterError } from './errors.ts';
import type { ProcessIdentity } from './identity.ts';
import { inside } from './namespaces.ts';
import { CONTAINERD_SOCKET, PAUSE_IMAGE } from './node-config.ts';
import { type TarEntry, tar } from './tar.ts';

export const BUSYBOX_IMAGE = 'docker.io/library/busybox:1.36';

export interface Image {
  /** Full name with registry and tag. */
  name: string;
  command: string[];
  files: TarEntry[];
}

/** A docker-archive of images with one layer each. Pure. */
export function dockerArchive(images: readonly Image[], architecture: string): Buffer {
  const entries: TarEntry[] = [];
  const manifest = images.map((image) => {
    const layer = tar(image.files);
    const config = Buffer.from(
      JSON.stringify({
        architecture,
        os: 'linux',
        config: { Cmd: image.command, Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
        rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      }),
    );
    const [layerFile, configFile] = [`${sha256(layer)}.tar`, `${sha256(config)}.json`];
    entries.push({ path: layerFile, content: layer }, { path: configFile, content: config });
    return { Config: configFile, RepoTags: [image.name], Layers: [layerFile] };
  });
  return tar([...entries, { path: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) }]);
}

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

/** busybox with a link for each of its programs, and files that programs expect. Pure. */
export function busyboxImage(busybox: Buffer, applets: readonly string[]): Image {
  const folder = (path: string, mode = 0o755): TarEntry => ({ path, mode });
  const text = (path: string, content: string): TarEntry => ({ path, content: Buffer.from(content) });
  return {
    name: BUSYBOX_IMAGE,
    command: ['sh'],
    files: [
      ...['bin/', 'etc/', 'home/', 'root/', 'usr/', 'usr/bin/', 'var/'].map((path) => folder(path)),
      folder('tmp/', 0o1777),
      { path: 'bin/busybox', mode: 0o755, content: busybox },
      ...applets
        .filter((applet) => applet !== 'busybox')
        .map((applet) => ({ path: `bin/${applet}`, link: 'busybox', mode: 0o777 })),
      { path: 'usr/bin/env', link: '../../bin/busybox', mode: 0o777 },
      text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n'),
      text('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
    ],
  };
}

export function pauseImage(pause: Buffer): Image {
  return { name: PAUSE_IMAGE, command: ['/pause'], files: [{ path: 'pause', mode: 0o755, content: pause }] };
}

/** Name of this machine's architecture in images. */
export const imageArchitecture = (): string => (arch() === 'x64' ? 'amd64' : arch());

/** The archive of the images of every node. */
export async function ownImages(pause: string, busybox: string): Promise<Buffer> {
  const applets = (await run(busybox, ['--list'])).stdout.split('\n').filter((applet) => applet !== '');
  return dockerArchive(
    [pauseImage(readFileSync(pause)), busyboxImage(readFileSync(busybox), applets)],
    imageArchitecture(),
  );
}

/** containerd's snapshotter: an overlay cannot be on another overlay (a cluster in a container), copies can. */
export async function snapshotterOf(folder: string): Promise<'native' | 'overlayfs'> {
  const type = await must('stat', ['--file-system', '--format=%T', folder]);
  return type.trim() === 'overlayfs' ? 'native' : 'overlayfs';
}

/** Imports images into containerd: an archive, or the path of one. Returns the output of containerd. */
export async function importImages(folder: string, holder: ProcessIdentity, source: Buffer | string): Promise<string> {
  const ctr = [
    'ctr',
    `--address=${CONTAINERD_SOCKET}`,
    '--namespace=k8s.io',
    'images',
    'import',
    `--snapshotter=${await snapshotterOf(folder)}`,
    '-',
  ];
  const [program, ...args] = inside(holder, ctr) as [string, ...string[]];
  const file = typeof source === 'string' ? openArchive(source) : undefined;
  try {
    const input = typeof source === 'string' ? {} : { input: source };
    const result = await run(program, args, {
      cwd: '/',
      timeoutMs: 600_000,
      ...input,
      ...(file ? { inputFile: file } : {}),
    });
    if (result.code === 0) return result.stdout.trim();
    throw new ClusterError(
      `containerd refused the archive${typeof source === 'string' ? ` ${source}` : ''}: ${result.stderr.trim().slice(-400)}.`,
      'It must be a docker-archive or an OCI archive, such as `docker save` and `buildah push ... docker-archive:FILE` write.',
    );
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function openArchive(path: string): number {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return openSync(path, 'r');
  throw new ClusterError(`There is no file ${path}.`, 'Give the path of an image archive (tar).');
}
