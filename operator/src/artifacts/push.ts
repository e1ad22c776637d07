import { constants } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { ArtifactPlan, PlannedOutput } from '../api/index.ts';
import { artifactKey, manifestKey, policyKey } from './keys.ts';
import type { Manifest, PublishedArtifact } from './manifest.ts';
import { ArtifactError, type Bytes, type ObjectStore, once } from './store.ts';
import { tarOf } from './tar-write.ts';

/**
 * Publishes the outputs of an attempt: each artifact, then the manifest that names them. Pushing again replaces both.
 * @throws ArtifactError for an output that is missing or too large; StoreError when the store refuses it
 */
export async function push(plan: ArtifactPlan, store: ObjectStore): Promise<Manifest> {
  const budget = { left: plan.maxBytes };
  const artifacts: PublishedArtifact[] = [];
  for (const output of plan.outputs) {
    const published = await pushOne(plan, store, output, budget);
    if (published) artifacts.push(published);
  }
  await put(store, policyKey(plan.namespace, plan.runUid), plan.policy);
  const manifest: Manifest = { version: 1, artifacts };
  await put(store, manifestKey(plan), manifest);
  return manifest;
}

const put = (store: ObjectStore, key: string, value: unknown) =>
  store.put(key, once(Buffer.from(JSON.stringify(value))));

async function pushOne(
  plan: ArtifactPlan,
  store: ObjectStore,
  { name, path, optional }: PlannedOutput,
  budget: { left: number },
): Promise<PublishedArtifact | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (!found && optional) return undefined;
  if (!found) {
    throw new ArtifactError(
      `the task made no output "${name}": there is nothing at ${path}; write it, or set optional: true`,
    );
  }
  // A link could lead to files that only this container may read, such as the credentials of the store.
  if (found.isSymbolicLink() || (await realpath(path)) !== path) {
    throw new ArtifactError(`output "${name}": ${path} is or goes through a symbolic link; write the file itself`);
  }
  const key = artifactKey(plan, name);
  const within = (bytes: Bytes) => limited(bytes, budget, `the outputs have more than ${plan.maxBytes} bytes`);
  const mode = found.mode & 0o777;
  if (found.isFile()) return { name, type: 'File', key, mode, ...(await store.put(key, within(fileOf(path)))) };
  if (!found.isDirectory()) throw new ArtifactError(`output "${name}": ${path} is neither a file nor a folder`);
  return { name, type: 'Directory', key, mode, ...(await store.put(key, gzipped(within(tarOf(path))))) };
}

async function* fileOf(path: string): Bytes {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    yield* file.createReadStream({ autoClose: false }) as Bytes;
  } finally {
    await file.close();
  }
}

async function* limited(bytes: Bytes, budget: { left: number }, message: string): Bytes {
  for await (const chunk of bytes) {
    budget.left -= chunk.length;
    if (budget.left < 0) throw new ArtifactError(`${message}; store less, or raise --artifact-max of the operator`);
    yield chunk;
  }
}

function gzipped(bytes: Bytes): Bytes {
  // An error of either end reaches the reader.
  return pipeline(Readable.from(bytes), createGzip(), () => undefined);
}
