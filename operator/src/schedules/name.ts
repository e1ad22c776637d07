import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { timeOf } from '../api/index.ts';

/** The longest name of a manual run, so that names derived from runs have the same room. */
const MAX_LENGTH = 52;
const HASH_LENGTH = 6;

/** The identity of a schedule. */
export interface ScheduleIdentity {
  readonly workflow: string;
  /** Uid of the Workflow: a recreated Workflow of the same name gets other runs. */
  readonly uid: string;
  readonly schedule: string;
}

/**
 * The name of the run of a slot, the same for every replica at any time: `<workflow>-<schedule>-<hash>-<slot>`, the
 * slot as 20270131020000 in UTC. The hash distinguishes names that are otherwise equal: schedule b-c of workflow a, and
 * c of a-b.
 */
export function runNameOf(identity: ScheduleIdentity, slot: number): string {
  const digits = timeOf(slot).replace(/\D/g, '');
  const hash = hashOf(`${identity.uid}/${identity.schedule}`).slice(0, HASH_LENGTH);
  const room = MAX_LENGTH - digits.length - HASH_LENGTH - 2;
  const readable = `${identity.workflow}-${identity.schedule}`.slice(0, room).replace(/-+$/, '');
  return `${readable}-${hash}-${digits}`;
}

/** The delay of a run after its slot, from 0 to less than `jitterMs`: always the same for one slot. */
export function jitterOf({ uid, schedule }: ScheduleIdentity, slot: number, jitterMs: number): number {
  if (jitterMs === 0) return 0;
  const share = Number.parseInt(hashOf(`${uid}/${schedule}/${slot}`).slice(0, 8), 16) / 2 ** 32;
  return Math.floor(share * jitterMs);
}

/** SHA-256 of a text, in hexadecimal. */
export function hashOf(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
