import type { Json, Parameter } from '../../api/index.ts';
import { hasTemplate } from '../expression/index.ts';
import { secretOf } from './coerce.ts';

const ONE_PARAMETER = /^\$\{\{\s*params\.(\w+)\s*\}\}$/;

/** The parameter of the type Secret that a text is, and nothing else: a matter of the definition, and of no value. */
export function secretParameterIn(text: string, declared: readonly Parameter[]): string | undefined {
  const name = ONE_PARAMETER.exec(text)?.[1];
  return declared.find((parameter) => parameter.name === name && parameter.type === 'Secret')?.name;
}

/**
 * Whether the definition itself says which Secret a text is: the text has no template, or it hands on a parameter, whose
 * value was judged when it was given. The texts of generated tasks are values.
 */
export function namesSecret(text: string, declared: readonly Parameter[], isGenerated: boolean): boolean {
  return hasTemplate(text) ? secretParameterIn(text, declared) !== undefined : !isGenerated;
}

type Declared = Pick<Parameter, 'default' | 'enum' | 'allowed'>;

/** Whether a parameter says which Secrets it takes. */
export const saysWhich = ({ allowed, enum: choices }: Declared): boolean =>
  allowed !== undefined || choices !== undefined;

/**
 * Why a parameter does not take a Secret: whoever gives values must not choose what tasks read. Its default and its
 * enum are allowed by being there.
 */
export function secretFault({ default: own, enum: choices = [], allowed }: Declared, value: Json): string | undefined {
  const names = allowed?.names ?? [];
  const { name = '' } = secretOf(value) ?? {};
  const shown = JSON.stringify(value);
  if (value === own || choices.includes(value) || names.some((allowing) => fits(name, allowing))) return undefined;
  if (names.length === 0)
    return `the Secret ${shown} is not the default, and the parameter has no allowed.names; omit it, or allow it in the definition`;
  return `the Secret ${shown} is not in allowed.names of the parameter: ${names.join(', ').slice(0, 500)}; use one of those`;
}

const fits = (name: string, allowing: string): boolean =>
  allowing.endsWith('*') ? name.startsWith(allowing.slice(0, -1)) : name === allowing;
