/** An image with Node and the programs of tasks, made without a builder: as the Dockerfile's, but for the operator. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { must } from '../cluster/command.ts';
import { dockerArchive, imageArchitecture } from '../cluster/images.ts';
import { loadImages } from '../cluster/index.ts';
import { bundleProgram } from './bundle.ts';

export const PROGRAM_IMAGE = 'docker.io/ado/programs:local';

/** Gives a cluster the image. */
export async function loadProgramImage(cluster: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ado-image-'));
  try {
    const programs = [await bundleProgram('artifacts', folder), await bundleProgram('http-task', folder)];
    const node = realpathSync(process.execPath);
    const linked = await must('ldd', [node]);
    const libraries = [...new Set([...linked.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path))];
    const file = (path: string, from: string) => ({ path: path.slice(1), mode: 0o755, content: readFileSync(from) });
    const files = [
      file('/usr/bin/node', node),
      ...programs.map((program) => file(`/app/${basename(program)}`, program)),
      ...libraries.map((path) => file(path, realpathSync(path))),
    ];
    const archive = join(folder, 'image.tar');
    writeFileSync(archive, dockerArchive([{ name: PROGRAM_IMAGE, command: [], files }], imageArchitecture()));
    await loadImages(cluster, archive);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
