import type { Parameter } from '../../api/index.ts';
import type { ScopeType } from '../expression/index.ts';

/** What expressions see of a Secret is the text that refers to it. */
const typeSeen = (type: Parameter['type'] = 'String'): ScopeType => (type === 'Secret' ? 'String' : type);

/** The types of parameters, as expressions see them. */
export function parameterTypes(parameters: readonly Parameter[] = []): Record<string, ScopeType> {
  return Object.fromEntries(parameters.map(({ name, type }) => [name, typeSeen(type)]));
}
