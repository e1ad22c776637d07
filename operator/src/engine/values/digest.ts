import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import {
  type Definition,
  definitionFields,
  type TemplateBody,
  templateFields,
  type WorkflowSpec,
} from '../../api/index.ts';

/** JSON with sorted keys and without undefined: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** SHA-256 of a text, in hex. */
export function digestText(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** The part of a Workflow that a run executes, before its templates are resolved. What it does not have is no field. */
export function definitionOf(spec: Omit<Definition, 'library'>): Definition {
  return picked(spec, definitionFields) as Definition;
}

/** The part of a template that is used: all but what tells people of it. */
export function bodyOf(template: TemplateBody): TemplateBody {
  return picked(template, templateFields) as TemplateBody;
}

function picked(of: object, fields: object): unknown {
  const known = Object.entries(of).filter(([name]) => Object.hasOwn(fields, name));
  return JSON.parse(canonicalJson(Object.fromEntries(known)));
}

export function digestOf(value: unknown): string {
  return digestText(canonicalJson(value));
}

/** Digest of what onChange watches; Tasks is all but the parameters. */
export function digestOfWatched(spec: WorkflowSpec, of: readonly ('Tasks' | 'Parameters')[]): string {
  const { parameters, ...tasks } = definitionOf(spec);
  return digestOf({
    ...(of.includes('Tasks') ? { tasks } : {}),
    ...(of.includes('Parameters') ? { parameters } : {}),
  });
}

/** Workflows as they were digested, so that each version is digested once. */
const written = new WeakMap<WorkflowSpec, string>();

/** Digest of all that somebody is answerable for who writes a Workflow: what is run, what starts it, and how much of it. */
export function digestOfWritten(spec: WorkflowSpec): string {
  const known = written.get(spec);
  if (known !== undefined) return known;
  const { writer: _writer, retention: _retention, ...rest } = spec;
  const digest = digestOf(rest);
  written.set(spec, digest);
  return digest;
}
