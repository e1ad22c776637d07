/** What examples need of the demo's own cluster besides the operator: the image of its programs, and a store of artifacts. */
import { join } from 'node:path';
import type { Kubectl } from '../kubectl.ts';
import { PROGRAM_IMAGE } from '../program-image.ts';

const STORE = join(import.meta.dirname, 'store.yaml');

/** Options of the operator that go with it. */
export const EQUIPMENT_FLAGS: readonly string[] = [
  ...['--http-image', PROGRAM_IMAGE],
  ...['--artifact-store', 'volume://artifacts/store', '--artifact-image', PROGRAM_IMAGE],
];

/** Makes the volume in which the artifacts of a namespace are kept. */
export async function claimStore(kubectl: Kubectl, namespace: string): Promise<void> {
  await kubectl.run('apply', '-n', namespace, '-f', STORE);
}
