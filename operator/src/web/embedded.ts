import { isIPv6 } from 'node:net';

/**
 * The IPv4 addresses that a way to IPv6 leads to: a gateway on the way unpacks them, whatever stands around. An address
 * that holds none has an empty list.
 */
export function embeddedIn(address: string): string[] {
  const bytes = bytesOf(address);
  if (bytes === undefined) return [];
  const at = (...indexes: number[]) => indexes.map((index) => bytes[index]).join('.');
  const last = at(12, 13, 14, 15);
  const begins = (...prefix: number[]) => prefix.every((byte, index) => bytes[index] === byte);
  // ::a.b.c.d, ::ffff:a.b.c.d, ::ffff:0:a.b.c.d: compatible, mapped and translated.
  if (begins(...Array<number>(8).fill(0))) return [last];
  // NAT64, of everybody and of a network of one's own, which may put the address in one of two places.
  if (begins(0, 0x64, 0xff, 0x9b, 0, 0)) return [last];
  if (begins(0, 0x64, 0xff, 0x9b, 0, 1)) return [last, at(6, 7, 9, 10)].filter((each) => each !== '0.0.0.0');
  // 6to4
  if (begins(0x20, 0x02)) return [at(2, 3, 4, 5)];
  // Teredo: its server, and the host behind it, inverted.
  if (begins(0x20, 0x01, 0, 0))
    return [at(4, 5, 6, 7), [12, 13, 14, 15].map((index) => (bytes[index] ?? 0) ^ 255).join('.')];
  // ISATAP
  const isIsatap = (bytes[8] ?? 0) % 2 === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;
  return isIsatap ? [last] : [];
}

/** The 16 bytes of an address; undefined if the text is no address. */
function bytesOf(address: string): number[] | undefined {
  if (!isIPv6(address)) return undefined;
  // The class URL writes every form in one: lower case, in hex, with at most one `::`.
  const text = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1);
  if (text === undefined) return undefined;
  const [head = '', tail] = text.split('::');
  const wordsOf = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const [before, after] = [wordsOf(head), wordsOf(tail ?? '')];
  const words = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return words.flatMap((word) => [word >> 8, word & 255]);
}
