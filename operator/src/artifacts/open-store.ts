import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeySource } from './access-keys.ts';
import { parseLocation, type S3Location } from './location.ts';
import { S3Store } from './s3.ts';
import { ArtifactError, type ObjectStore } from './store.ts';
import { VolumeStore } from './volume.ts';

export interface OpenOptions {
  /** Folder in which the Secret of the store is mounted: accessKey, secretKey and, if present, sessionToken and ca.crt. */
  readonly secretFolder: string;
  /** Where the volume of a `volume://` store is mounted. */
  readonly volumeFolder: string;
  readonly signal?: AbortSignal | undefined;
  /** The keys where the Secret has none (default: a Secret without keys is an error). */
  readonly otherwise?: ((location: S3Location) => KeySource) | undefined;
}

/** Opens the store of an address. @throws RangeError for the address; ArtifactError when its credentials are missing */
export async function openStore(
  address: string,
  { secretFolder, volumeFolder, signal, otherwise }: OpenOptions,
): Promise<ObjectStore> {
  const location = parseLocation(address);
  if (location.type === 'Volume') return new VolumeStore(join(volumeFolder, location.path));
  const [accessKey, secretKey, sessionToken, authorities] = await Promise.all(
    ['accessKey', 'secretKey', 'sessionToken', 'ca.crt'].map((name) => secret(secretFolder, name)),
  );
  if (accessKey && secretKey) {
    const keys = { accessKey, secretKey, sessionToken };
    return new S3Store({ location, keys: async () => keys, authorities, signal });
  }
  if (accessKey || secretKey || !otherwise) {
    throw new ArtifactError(`${secretFolder} must hold accessKey and secretKey; put both into the Secret of the store`);
  }
  return new S3Store({ location, keys: otherwise(location), authorities, signal });
}

async function secret(folder: string, name: string): Promise<string | undefined> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => '');
  return text.trim() || undefined;
}
