import { z } from 'zod';

export const MAX_GROUPS = 64;

/**
 * Who did something, as the API server knows them: its words for a user (`username`, `uid`, `groups`), never what a client
 * wrote about itself. `attestation` is what the admission webhook adds; without one that fits, nobody vouches for it.
 */
export const stampFields = {
  username: z.string().min(1).max(253).describe('User name, as known to the API server.'),
  uid: z.string().max(128).optional().describe('Uid of the user, if known to the API server.'),
  groups: z
    .array(z.string().max(253))
    .max(MAX_GROUPS)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('The groups of the user at that time.'),
  time: z.string().max(40).optional().describe('When, in RFC 3339 with milliseconds.'),
  attestation: z
    .string()
    .max(128)
    .optional()
    .describe('Attestation of the admission webhook: a code over all of this that only it can create.'),
};

export const stamp = z.object(stampFields);
export type Stamp = z.infer<typeof stamp>;

/** Whether no person is behind a user name. */
export const isServiceAccount = (username: string): boolean => username.startsWith('system:serviceaccount:');
