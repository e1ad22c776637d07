/** Writes what is made from the code: CRDs, RBAC rules and the API reference. `npm run verify` compares them. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { differences } from './generate/differences.ts';
import { generatedFiles } from './generate/files.ts';

const root = join(import.meta.dirname, '../..');
const files = generatedFiles();
const changed = differences(root, files);
for (const { path, how } of changed) {
  const file = join(root, path);
  if (how === 'stale') {
    rmSync(file);
    console.log(`removed ${path}`);
    continue;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, files.get(path) ?? '');
  console.log(`wrote ${path}`);
}
console.log(
  changed.length === 0 ? `all ${files.size} generated files are up to date` : `${changed.length} files changed`,
);
