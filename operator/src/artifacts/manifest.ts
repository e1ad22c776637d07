import { ArtifactError, type Bytes, readAll, type Stored } from './store.ts';

/** The artifacts that an attempt published. Written last: an attempt has all of its artifacts or none. */
export interface Manifest {
  readonly version: 1;
  readonly artifacts: readonly PublishedArtifact[];
}

export interface PublishedArtifact extends Stored {
  readonly name: string;
  /** A file as it is, or a folder as a tar archive, packed by gzip. */
  readonly type: 'File' | 'Directory';
  readonly key: string;
  /** Permissions of a file. */
  readonly mode: number;
}

const MAX_MANIFEST = 256 * 1024;

/** @throws ArtifactError for a manifest that this version cannot read */
export async function readManifest(body: Bytes, key: string): Promise<Manifest> {
  const text = (await readAll(body, MAX_MANIFEST)).toString();
  try {
    const manifest = JSON.parse(text) as Partial<Manifest>;
    if (manifest.version === 1 && Array.isArray(manifest.artifacts)) return manifest as Manifest;
  } catch {
    // Reported below.
  }
  throw new ArtifactError(`${key} is not a manifest that this version of Ado can read`);
}
