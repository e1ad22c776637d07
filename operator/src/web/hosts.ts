import { isIP } from 'node:net';

/** A pattern that cannot be used; the message names it and the remedy. */
export class HostPatternError extends Error {
  override readonly name = 'HostPatternError';
}

const NAME = /^(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** A host with a port, or `*` for every port; of IPv6 with brackets. */
const WITH_PORT = /^(\[[0-9a-f:.]+\]|[^:[\]]+):(\d{1,5}|\*)$/;
const MAX_PATTERNS = 200;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

interface Entry {
  readonly name: string;
  /** Nothing: the one that the scheme has by default. */
  readonly port: string | undefined;
  /** Every name that ends like this, and not the ending itself. */
  readonly isEnding: boolean;
}

/**
 * Hosts that an administrator lists: whole names, addresses, and `*.b.example` for every name below b.example, each with
 * a port, with `:*` for all of them, or with none for the port that the scheme has by default.
 */
export class HostList {
  readonly #entries: readonly Entry[];

  /** @throws HostPatternError when a pattern is none, or there are too many */
  constructor(patterns: readonly string[]) {
    if (patterns.length > MAX_PATTERNS) {
      throw new HostPatternError(`${patterns.length} hosts are more than ${MAX_PATTERNS}; use *.example.org`);
    }
    this.#entries = patterns.map((pattern) => entryOf(pattern.toLowerCase()));
  }

  /** Whether the host and the port of a URL are listed. */
  has({ hostname, port, protocol }: URL): boolean {
    const host = bareHost(hostname);
    const usual = DEFAULT_PORTS[protocol];
    const asked = port === '' ? usual : port;
    return this.#entries.some(({ name, port: listed = usual, isEnding }) => {
      const isHost = isEnding ? host.endsWith(name) && host !== name : host === name;
      return isHost && asked !== undefined && (listed === '*' || listed === asked);
    });
  }
}

function entryOf(pattern: string): Entry {
  const [, host = pattern, port] = WITH_PORT.exec(pattern) ?? [];
  const name = bareHost(host.startsWith('*.') ? host.slice(2) : host);
  const isEnding = host.startsWith('*.');
  const isAddress = isIP(name) !== 0;
  if (!isAddress && !NAME.test(name)) {
    throw new HostPatternError(
      `"${pattern}" is no host; write a.example, *.b.example or an address, and a port as in a.example:8443`,
    );
  }
  if (port !== undefined && port !== '*' && (Number(port) < 1 || Number(port) > 65_535)) {
    throw new HostPatternError(`"${pattern}" has a port that is none; write 1 to 65535, or * for all of them`);
  }
  if (isEnding && (isAddress || !name.includes('.'))) {
    throw new HostPatternError(`"${pattern}" is too wide; write *.b.example`);
  }
  const canonical = isAddress ? canonicalAddress(name) : name;
  return {
    name: isEnding ? `.${name}` : canonical,
    port: port === undefined ? undefined : String(port === '*' ? port : Number(port)),
    isEnding,
  };
}

/** As the class URL writes it: one address has one form. */
function canonicalAddress(address: string): string {
  const url = URL.parse(isIP(address) === 6 ? `http://[${address}]` : `http://${address}`);
  return url === null ? address : bareHost(url.hostname);
}

/** A host without the brackets of IPv6 and the dot of the root. */
export function bareHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
