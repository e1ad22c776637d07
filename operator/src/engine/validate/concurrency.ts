import type { WorkflowSpec } from '../../api/index.ts';
import { parameterTypes } from '../values/parameter-types.ts';
import { plain } from './expressions.ts';
import type { Problem } from './problem.ts';
import { scopeOfDefaults } from './scopes.ts';

/** The key of spec.concurrency: CEL over params alone, for nothing else is known before a run starts. */
export function concurrencyProblems({ concurrency, parameters }: WorkflowSpec): Problem[] {
  return plain('spec.concurrency.key', concurrency?.key, scopeOfDefaults(parameterTypes(parameters)), 'String');
}
