import { z } from 'zod';
import { matches } from './rule.ts';

/** A DNS label that starts with a letter: what Kubernetes takes as a name everywhere, and what a path can hold. */
export const NAME_PATTERN = '^[a-z]([-a-z0-9]*[a-z0-9])?$';
/** A name in expressions: a CEL identifier, so that `params.version` needs no quotes. */
export const IDENTIFIER_PATTERN = '^[A-Za-z_][A-Za-z0-9_]*$';

/** A text of a pattern. The API server says `remedy` instead of the pattern, which tells people nothing. */
export const matching = (text: z.ZodString, pattern: string, remedy: string) =>
  text.regex(new RegExp(pattern)).meta({ 'x-kubernetes-validations': [matches(pattern, remedy)] });

export const taskName = matching(
  z.string().min(1).max(40),
  NAME_PATTERN,
  'use lowercase letters, digits and dashes; start with a letter and do not end with a dash',
);
export const identifier = matching(
  z.string().min(1).max(40),
  IDENTIFIER_PATTERN,
  'use letters, digits and underscores, and do not start with a digit, such as image_tag',
);
/** The name of an object of any kind that we refer to: one segment of a path, whoever writes it. */
export const OBJECT_NAME_PATTERN = '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$';
export const objectName = z.string().min(1).max(253).regex(new RegExp(OBJECT_NAME_PATTERN));
export const expression = z.string().min(1).max(4096);

/** JSON that the schema does not look into. The generator writes it as x-kubernetes-preserve-unknown-fields. */
export const anyJson = z.unknown().meta({ 'x-kubernetes-preserve-unknown-fields': true });
/** An object of another API that is passed on as it is and judged by the API server (dry run). */
export const passedOn = z
  .record(z.string(), z.unknown())
  .meta({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });

export const VALUE_TYPES = ['String', 'Integer', 'Number', 'Boolean', 'List', 'Object'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];
export const valueType = z.enum(VALUE_TYPES);
/** What a parameter can be besides: a reference `secret/key`, whose value only the kubelet reads. */
export const PARAMETER_TYPES = [...VALUE_TYPES, 'Secret'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];
export const parameterType = z.enum(PARAMETER_TYPES);

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
