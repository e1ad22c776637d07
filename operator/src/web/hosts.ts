import { isIP } from 'node:net';

/** A pattern that cannot be used; the message names it and the remedy. */
export class HostPatternError extends Error {
  override readonly name = 'HostPatternError';
}

const NAME = /^(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const MAX_PATTERNS = 200;

/** Hosts that an administrator lists: whole names, addresses, and `*.b.example` for every name below b.example. */
export class HostList {
  readonly #names = new Set<string>();
  readonly #endings: string[] = [];

  /** @throws HostPatternError when a pattern is none, or there are too many */
  constructor(patterns: readonly string[]) {
    if (patterns.length > MAX_PATTERNS) {
      throw new HostPatternError(`${patterns.length} hosts are more than ${MAX_PATTERNS}; use *.example.org`);
    }
    for (const pattern of patterns) this.#add(pattern.toLowerCase());
  }

  /** Whether the host of a URL is listed; `hostname` as the class URL writes it. */
  has(hostname: string): boolean {
    const name = bareHost(hostname);
    return this.#names.has(name) || this.#endings.some((ending) => name.endsWith(ending) && name !== ending);
  }

  #add(pattern: string): void {
    const name = pattern.startsWith('*.') ? pattern.slice(2) : pattern;
    const isAddress = isIP(name) !== 0;
    if (!isAddress && !NAME.test(name)) {
      throw new HostPatternError(`"${pattern}" is no host; write a.example, *.b.example or an address, without a port`);
    }
    if (name === pattern) this.#names.add(name);
    else if (isAddress || !name.includes('.'))
      throw new HostPatternError(`"${pattern}" is too wide; write *.b.example`);
    else this.#endings.push(`.${name}`);
  }
}

/** A host without the brackets of IPv6 and the dot of the root. */
export function bareHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
