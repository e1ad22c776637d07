/**
 * Files that tasks hand on, and logs that outlive their pods: the store of both, and the program beside a task that fetches
 * and pushes artifacts.
 *
 * 1. A key belongs to one attempt of one run: `<namespace>/<run uid>/<path>/<attempt>/<name>`. No other attempt writes it.
 * 2. An attempt has published all of its artifacts or none: the manifest is written last, and only it counts.
 * 3. A fetched artifact has the checksum that was recorded when it was pushed, or it does not appear at all.
 * 4. Sizes, numbers and times are bounded; a request that gets no answer is repeated, and then fails.
 * 5. Keys of a role are used by the operator alone, renewed before they expire, and part of no message.
 * 6. No symbolic link is followed, and nothing is unpacked outside of its folder: authors of artifacts are not trusted.
 * 7. Only runs that are gone lose artifacts, and only what is older than the knowledge that they are. Nothing is deleted from
 *    a store that another cluster has claimed, or by a policy that cannot be read.
 */
export { fetchInputs } from './fetch.ts';
export { type Sweep, type Swept, sweep } from './gc.ts';
export { type AttemptAddress, logKey } from './keys.ts';
export { parseLocation, type StoreLocation } from './location.ts';
export { keepLog, type LogStore, logStore, readLog } from './logs.ts';
export type { Manifest, PublishedArtifact } from './manifest.ts';
export { type OpenOptions, openStore } from './open-store.ts';
export { push } from './push.ts';
export { redactor } from './redact.ts';
export { roleKeys } from './role-keys.ts';
export { ArtifactError, type ObjectStore, StoreError } from './store.ts';
