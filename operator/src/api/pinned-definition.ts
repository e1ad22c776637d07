import { z } from 'zod';
import { objectName } from './scalars.ts';

/** Names a definition for ever: by its digest, and by the ControllerRevision whose data the server refuses to change. */
export const pinnedDefinition = z.object({
  digest: z.string().max(64).describe('SHA-256 of the definition.'),
  revision: objectName.describe('ControllerRevision that holds it.'),
});
