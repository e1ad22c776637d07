import { MAX_GROUPS, type Stamp } from '../api/index.ts';

/** The user of a request, as the API server reports it. */
export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

const MAX_NAME = 253;
const MAX_UID = 128;

/**
 * The stamp that records a user. Where not all groups fit, those in `wanted` come first, because approvals depend on
 * them. Names over the limit are omitted rather than cut: a truncated name is a different name.
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

/** Why a user cannot be recorded; undefined if they can. */
export function unstampable({ username }: User): string | undefined {
  if (username !== '' && username.length <= MAX_NAME) return undefined;
  return `the user name has ${username.length} characters; only names of 1 to ${MAX_NAME} characters can be recorded`;
}
