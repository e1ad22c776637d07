import { MAX_GROUPS, type Stamp } from '../api/index.ts';

/** Who makes a request, in the words of the API server. */
export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

const MAX_NAME = 253;
const MAX_UID = 128;

/**
 * The user as they are written down. Of more groups than are kept, those of `wanted` come first: they are why somebody
 * counts. What is too long to be kept is left out, and never cut: a part of a name is another name.
 */
export function stampOf(user: User, now: number, wanted: readonly string[] = []): Stamp {
  const kept = user.groups.filter((group) => group !== '' && group.length <= MAX_NAME);
  const first = kept.filter((group) => wanted.includes(group));
  const groups = [...new Set([...first, ...kept])].slice(0, MAX_GROUPS);
  return {
    username: user.username,
    ...(user.uid !== undefined && user.uid !== '' && user.uid.length <= MAX_UID ? { uid: user.uid } : {}),
    ...(groups.length > 0 ? { groups } : {}),
    time: new Date(now).toISOString(),
  };
}

/** Why a user cannot be written down; nothing if they can. */
export function unstampable({ username }: User): string | undefined {
  if (username !== '' && username.length <= MAX_NAME) return undefined;
  return `the name of the user has ${username.length} characters; names of 1 to ${MAX_NAME} can be recorded`;
}
