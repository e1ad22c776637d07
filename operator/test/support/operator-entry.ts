/** The operator that tests start: which file, and with what environment. */
import { join } from 'node:path';

/**
 * The bundle that `npm test` makes once, as it is deployed, because it starts sooner; the sources where
 * coverage is counted or nobody made a bundle.
 */
export const OPERATOR_ENTRY = process.env.ADO_TEST_OPERATOR ?? join(import.meta.dirname, '../../src/cmd/operator.ts');

/** Where started operators find each other's compiled code, also that of an earlier run. */
const NODE_COMPILE_CACHE = join(import.meta.dirname, '../../../node_modules/.cache/ado-compiled');

/** Counting coverage keeps Node from using compiled code, so there is one or the other. */
export function operatorEnvironment(): NodeJS.ProcessEnv {
  const coverage = process.env.NODE_V8_COVERAGE_OPERATOR;
  return { ...process.env, ...(coverage ? { NODE_V8_COVERAGE: coverage } : { NODE_COMPILE_CACHE }) };
}
