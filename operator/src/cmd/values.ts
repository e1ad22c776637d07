import { parseDuration } from '../api/index.ts';
import { AddressGuard, HostList } from '../web/index.ts';

/** An invalid option; the message has the option, its value and the remedy. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Bounds both lists: each served namespace has its own watches, each excluded one adds to a selector. */
const MOST_NAMESPACES = 100;
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Names of namespaces, each once. @throws ConfigError */
export function names(option: string, text: string): string[] {
  const all = [...new Set(text.split(',').filter((name) => name !== ''))];
  const wrong = all.find((name) => !NAMESPACE.test(name));
  if (wrong !== undefined) {
    throw new ConfigError(`--${option}: "${wrong}" is not a valid namespace name; write names separated by commas`);
  }
  if (all.length <= MOST_NAMESPACES) return all;
  throw new ConfigError(
    `--${option}: ${all.length} namespaces exceed the limit of ${MOST_NAMESPACES}; use several operators`,
  );
}

/** A duration of at least `least`, ms. @throws ConfigError */
export function milliseconds(name: string, text: string, least: number): number {
  const problem = new ConfigError(
    `--${name}: "${text}" is not a duration of at least ${least} ms; use a duration such as 15s`,
  );
  try {
    const ms = parseDuration(text);
    if (ms < least) throw problem;
    return ms;
  } catch {
    throw problem;
  }
}

/** A whole number within bounds. @throws ConfigError */
export function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new ConfigError(`--${name}: "${text}" is not a whole number from ${least} to ${most}`);
}

/** HOST:PORT. @throws ConfigError */
export function address(option: string, text: string): [string, number] {
  const colon = text.lastIndexOf(':');
  if (colon < 1) throw new ConfigError(`--${option}: "${text}" is not of the form HOST:PORT`);
  return [text.slice(0, colon), whole(option, text.slice(colon + 1), 0, 65_535)];
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** HOST:PORT to listen on; undefined if the option is empty. @throws ConfigError */
export function listener(option: string, text: string): ListenAddress | undefined {
  if (text === '') return undefined;
  const [host, port] = address(option, text);
  return { host, port };
}

/** Hosts in the format of HostList. @throws ConfigError */
export function hosts(option: string, text: string): string[] {
  return judged(option, text, (all) => new HostList(all));
}

/** Address ranges in the format of AddressGuard. @throws ConfigError */
export function cidrs(option: string, text: string): string[] {
  return judged(option, text, (all) => new AddressGuard('Operator', all));
}

function judged(option: string, text: string, judge: (all: string[]) => unknown): string[] {
  const all = [...new Set(text.split(',').filter((entry) => entry !== ''))];
  try {
    judge(all);
    return all;
  } catch (error) {
    throw new ConfigError(`--${option}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
