import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GENERATED_FOLDERS } from './files.ts';
import { HEADER } from './yaml.ts';

/** How a generated file in the work tree differs from what would be generated now. */
export interface Difference {
  readonly path: string;
  readonly how: 'missing' | 'different' | 'stale';
}

/** Compares without writing. `stale`: once generated, and no longer. */
export function differences(root: string, files: ReadonlyMap<string, string>): Difference[] {
  const found: Difference[] = [];
  for (const [path, text] of files) {
    const file = join(root, path);
    if (!existsSync(file)) found.push({ path, how: 'missing' });
    else if (readFileSync(file, 'utf8') !== text) found.push({ path, how: 'different' });
  }
  return [...found, ...staleFiles(root, files)];
}

function staleFiles(root: string, files: ReadonlyMap<string, string>): Difference[] {
  return GENERATED_FOLDERS.filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((path) => !files.has(path) && path.endsWith('.yaml'))
    .filter((path) => readFileSync(join(root, path), 'utf8').startsWith(HEADER))
    .map((path) => ({ path, how: 'stale' }));
}
