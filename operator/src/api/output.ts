import { z } from 'zod';
import { identifier, type Json, valueType } from './scalars.ts';

/** What a task, or a template as a whole, says of a value that it hands on. */
export const outputDeclaration = z.object({
  name: identifier.describe('Name of the output, read as tasks.<task>.outputs.<name>.'),
  type: valueType.optional().describe('Type that the value is coerced to; default String.'),
  optional: z
    .boolean()
    .optional()
    .describe(
      'Whether the output may be missing when the task succeeds; default false: the task then fails with OutputMissing. Read an optional output as outputs.?<name>.orValue(...).',
    ),
  description: z.string().max(1024).optional().describe('Human-readable description.'),
});

export type OutputDeclaration = z.infer<typeof outputDeclaration>;

/** Names of declared outputs that are not optional and not among those that were handed on. */
export function missingOutputs(
  declared: readonly Pick<OutputDeclaration, 'name' | 'optional'>[] = [],
  outputs: { readonly [name: string]: Json },
): string[] {
  return declared
    .filter(({ name, optional }) => optional !== true && !Object.hasOwn(outputs, name))
    .map(({ name }) => name);
}
