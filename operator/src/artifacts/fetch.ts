import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ArtifactPlan, PlannedInput } from '../api/index.ts';
import { type Published, publishedIn, runPrefix } from './keys.ts';
import { type PublishedArtifact, readManifest } from './manifest.ts';
import { ArtifactError, type Bytes, type ObjectStore, StoreError } from './store.ts';
import { untar } from './tar-read.ts';

/**
 * Puts the inputs of an attempt where its task reads them. Each one appears whole, with the checksum that was recorded when
 * it was published. The input from a task with items is a folder with one entry for each item: 0, 1, 2.
 * @throws ArtifactError for an input that was not published, or whose bytes have changed; StoreError
 */
export async function fetchInputs(plan: ArtifactPlan, store: ObjectStore): Promise<void> {
  const budget = { left: plan.maxBytes };
  for (const input of plan.inputs) await fetchInput(plan, store, input, budget);
}

interface Budget {
  left: number;
}

async function fetchInput(plan: ArtifactPlan, store: ObjectStore, input: PlannedInput, budget: Budget): Promise<void> {
  const prefix = runPrefix(plan.namespace, plan.runUid) + input.producer;
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  const found: { from: Published; artifact: PublishedArtifact }[] = [];
  for (const from of publishedIn(keys, prefix)) {
    const artifact = await artifactIn(store, from.key, input.artifact);
    if (artifact) found.push({ from, artifact });
  }
  const isFan = found.some(({ from }) => from.item !== undefined);
  const [only] = found;
  if (!only && input.optional) return;
  if (!only) {
    const message = `input "${input.name}": task "${input.producer}" published no artifact "${input.artifact}"`;
    throw new ArtifactError(`${message}; declare it under its artifacts.outputs, or set optional: true here`);
  }
  if (!isFan) return fetchOne(store, only.artifact, input.path, budget);
  await mkdir(input.path, { recursive: true });
  for (const { from, artifact } of found) await fetchOne(store, artifact, join(input.path, String(from.item)), budget);
}

async function artifactIn(store: ObjectStore, key: string, name: string): Promise<PublishedArtifact | undefined> {
  const body = await store.get(key);
  const manifest = body && (await readManifest(body, key));
  return manifest?.artifacts.find((artifact) => artifact.name === name);
}

async function fetchOne(store: ObjectStore, artifact: PublishedArtifact, path: string, budget: Budget): Promise<void> {
  const body = await store.get(artifact.key);
  if (!body) throw new ArtifactError(`${artifact.key} is missing; check what else deletes objects from the store`);
  const partial = join(dirname(path), `.${randomUUID()}.partial`);
  await mkdir(dirname(path), { recursive: true });
  try {
    const checked = verified(body, artifact);
    if (artifact.type === 'File') await writeFile(partial, within(checked, budget), artifact.mode);
    else await unpack(partial, checked, budget, artifact.mode);
    // An earlier try of this container may have left one.
    await rm(path, { recursive: true, force: true });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

/** Passes the bytes on, and fails at their end unless they are the published ones. */
async function* verified(body: Bytes, { key, size, sha256 }: PublishedArtifact): Bytes {
  const hash = createHash('sha256');
  let read = 0;
  for await (const chunk of body) {
    read += chunk.length;
    hash.update(chunk);
    yield chunk;
  }
  const found = hash.digest('hex');
  if (read === size && found === sha256) return;
  throw new ArtifactError(
    `${key} has ${read} bytes with the checksum ${found}; published were ${size} bytes with ${sha256}`,
  );
}

async function* within(bytes: Bytes, budget: Budget): Bytes {
  for await (const chunk of bytes) {
    budget.left -= chunk.length;
    if (budget.left < 0)
      throw new ArtifactError('the inputs are larger than --artifact-max of the operator; fetch less, or raise it');
    yield chunk;
  }
}

async function writeFile(path: string, bytes: Bytes, mode: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of bytes) await file.writeFile(chunk);
  } finally {
    await file.close();
  }
  await chmod(path, mode | 0o600);
}

async function unpack(path: string, bytes: Bytes, budget: Budget, mode: number): Promise<void> {
  await mkdir(path);
  // An error of either end reaches the reader.
  const archive = within(
    pipeline(Readable.from(bytes), createGunzip(), () => undefined),
    budget,
  );
  try {
    await untar(archive, path, budget.left);
  } catch (error) {
    if (error instanceof ArtifactError || error instanceof StoreError) throw error;
    throw new ArtifactError(
      `the archive cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  await chmod(path, mode | 0o700);
}
