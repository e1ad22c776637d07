import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactError, once } from './store.ts';
import { untar } from './tar-read.ts';

let outer: string;
let folder: string;
beforeEach(() => {
  outer = mkdtempSync(join(tmpdir(), 'ado-hostile-'));
  folder = join(outer, 'artifact');
  mkdirSync(folder);
  writeFileSync(join(outer, 'treasure'), 'untouched');
});
afterEach(() => rmSync(outer, { recursive: true, force: true }));

interface Entry {
  name: string;
  type?: string;
  link?: string;
  body?: string;
  /** The field as it stands, instead of the size of the body. */
  size?: string | Buffer;
  /** Records of an extended header before it. */
  pax?: Record<string, string>;
}

function block({ name, type = '0', link = '', body = '', size }: Entry): Buffer {
  const made = Buffer.alloc(512);
  made.write(name, 0, 100);
  made.write('0000644\0', 100);
  const field = size ?? `${Buffer.byteLength(body).toString(8).padStart(11, '0')}\0`;
  Buffer.from(field).copy(made, 124, 0, 12);
  made.write('        ', 148);
  made.write(type, 156);
  made.write(link, 157, 100);
  made.write('ustar\x0000', 257, 'latin1');
  const sum = made.reduce((all, byte) => all + byte, 0);
  made.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return made;
}

const padded = (body: string) => {
  const bytes = Buffer.from(body);
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
};

function recordOf(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  const length = [1, 2, 3, 4].map((digits) => rest + digits).find((all) => String(all).length + rest === all) ?? 0;
  return `${length} ${key}=${value}\n`;
}

function archive(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const records = Object.entries(entry.pax ?? {}).map(([key, value]) => recordOf(key, value));
    const pax =
      records.length === 0 ? [] : [block({ name: 'pax', type: 'x', body: records.join('') }), padded(records.join(''))];
    return [...pax, block(entry), padded(entry.body ?? '')];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const unpack = (entries: readonly Entry[], most = 1_000_000, maxEntries?: number) =>
  untar(once(archive(entries)), folder, most, maxEntries);

const file = (name: string, more: Partial<Entry> = {}): Entry => ({ name, body: 'evil', ...more });
const link = (name: string, to: string, more: Partial<Entry> = {}): Entry => ({ name, type: '2', link: to, ...more });

/** All that is in the outer folder, and what every path inside of the artifact really is. */
function expectContained(): void {
  expect(readdirSync(outer).sort()).toEqual(['artifact', 'treasure']);
  expect(readFileSync(join(outer, 'treasure'), 'utf8')).toBe('untouched');
}

function leavingPaths(): string[] {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  return all.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    if (!existsSync(path)) return [];
    const way = relative(folder, realpathSync(path));
    return way === '..' || way.startsWith('../') ? [path] : [];
  });
}

describe('an archive of somebody else', () => {
  it.each<[string, Entry[]]>([
    ['a path upwards', [file('../treasure')]],
    ['a path that turns upwards', [file('a/../../treasure')]],
    ['an absolute path', [file('/tmp/x')]],
    ['a path of an extended header', [file('fine', { pax: { path: '../treasure' } })]],
    ['a link upwards', [link('out', '..')]],
    ['an absolute link', [link('out', '/etc')]],
    ['a link of an extended header', [link('out', 'fine', { pax: { linkpath: '../../x' } })]],
    ['a file through a link', [link('a', '.'), file('a/x')]],
    ['a folder through a link', [link('a', 'b'), { name: 'a/x', type: '5' }]],
    ['a file in the place of a link', [link('a', 'b'), file('a')]],
    [
      'a link that leads through another',
      [{ name: 'x/y/z', type: '5' }, link('x/y/z/up', '../../..'), link('out', 'x/y/z/up/..')],
    ],
    [
      'a link that leads through a later one',
      [link('out', 'x/y/z/up/../treasure'), { name: 'x/y/z', type: '5' }, link('x/y/z/up', '../../..')],
    ],
    ['a hard link', [{ name: 'hard', type: '1', link: '../treasure' }]],
    ['a device', [{ name: 'null', type: '3' }]],
    ['a block device', [{ name: 'disk', type: '4' }]],
    ['a pipe', [{ name: 'pipe', type: '6' }]],
    ['a header for all entries', [{ name: 'g', type: 'g' }]],
    ['a name that is none', [file('')]],
    ['the folder itself as a file', [file('.')]],
    ['a folder that has bytes', [{ name: 'd', type: '5', body: 'x' }]],
    ['a negative size', [file('x', { size: Buffer.alloc(12, 0xff) })]],
    ['a size that is no number', [file('x', { size: '00000000zzz\0' })]],
    ['a size with a sign', [file('x', { size: '-0000000004\0' })]],
    [
      'a huge size',
      [file('x', { size: Buffer.from([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) })],
    ],
    ['a size beyond the limit', [file('x', { size: '77777777777\0' })]],
    ['a size of an extended header that is none', [file('x', { pax: { size: 'NaN' } })]],
    ['a negative size of an extended header', [file('x', { pax: { size: '-4' } })]],
    ['an empty size of an extended header', [file('x', { pax: { size: '' } })]],
    ['a size of an extended header with more behind it', [file('x', { pax: { size: '4x' } })]],
    ['an extended header that is too long', [file('x', { pax: { comment: 'x'.repeat(70_000) } })]],
    ['an extended header that is broken', [{ name: 'pax', type: 'x', body: '7 path\n' }, file('x')]],
    ['an extended header with a negative length', [{ name: 'pax', type: 'x', body: '-7 a=b\n' }, file('x')]],
    ['an extended header of a negative size', [{ name: 'pax', type: 'x', size: '-0000000004\0' }, file('x')]],
    [
      'an extended header of a size that is no number',
      [{ name: 'pax', type: 'x', size: 'zzzzzzzzzzz\0', body: recordOf('path', 'y') }, file('x')],
    ],
    ['an extended header that claims gigabytes', [{ name: 'pax', type: 'x', size: '77777777777\0' }, file('x')]],
    ['two extended headers', [{ name: 'pax', type: 'x', body: recordOf('path', 'y') }, file('x', { pax: { a: 'b' } })]],
    ['an extended header of no entry', [file('x'), { name: 'pax', type: 'x', body: recordOf('path', 'y') }]],
    ['a header for all entries before one', [{ name: 'g', type: 'g', body: recordOf('path', 'y') }, file('x')]],
    [
      'a header for all entries beside its own',
      [{ name: 'g', type: 'g', body: recordOf('linkpath', '..') }, link('x', 'y', { pax: { comment: 'z' } })],
    ],
    ['a long name of GNU', [{ name: 'L', type: 'L', body: '../treasure' }, file('x')]],
    ['two entries of a name', [file('x'), file('x')]],
    ['a file in the place of a folder', [{ name: 'x', type: '5' }, file('x')]],
    ['a folder in the place of a file', [file('x'), file('x/y')]],
    ['a size of an extended header that is not exact', [file('x', { pax: { size: '99999999999999999999' } })]],
  ])('with %s is refused, and nothing outside of its folder is written', async (_what, entries) => {
    await expect(unpack(entries)).rejects.toThrow(ArtifactError);
    expectContained();
  });

  it('may say its sizes in binary, and have links that stay inside', async () => {
    const size = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]);
    await unpack([file('a/b', { size }), link('c', 'a/../a/b'), link('a/d', '../c'), link('loop', 'loop')]);
    expect(readFileSync(join(folder, 'a/d'), 'utf8')).toBe('evil');
  });

  it('has a bounded number of entries, extended headers included', async () => {
    const many = Array.from({ length: 6 }, (_, at): Entry => ({ name: `d${at}`, type: '5', pax: { comment: 'x' } }));
    await expect(unpack(many, 1_000, 10)).rejects.toThrow('more than 10 entries');
    await unpack(many, 1_000, 12);
  });

  it('that never comes to an entry is refused before it has been read', async () => {
    const header = Buffer.concat([block({ name: 'pax', type: 'x', body: 'x'.repeat(512) }), Buffer.alloc(512, 'x')]);
    let read = 0;
    const endless = async function* () {
      for (; read < 2 ** 27; read += header.length) yield header;
    };
    await expect(untar(endless(), folder, 2 ** 30)).rejects.toThrow('an extended header is too long');
    expect(read).toBeLessThan(2 ** 19);
  });

  it.each([1, 511, 512, 513, 1024, 1535, 1536, 2047])('that is cut off after %i bytes is refused', async (length) => {
    const whole = archive([file('x', { pax: { comment: 'x' } })]).subarray(0, length);
    await expect(untar(once(whole), folder, 2 ** 20)).rejects.toThrow('it ends in the middle');
  });

  it('may have as many empty blocks at its end as it likes', async () => {
    await untar(once(Buffer.concat([archive([file('x')]), Buffer.alloc(2 ** 20)])), folder, 2 ** 20);
  });

  it('is refused as a whole number of bytes, over all of its files', async () => {
    await expect(unpack([file('a'), file('b')], 7)).rejects.toThrow('more than 7 bytes');
  });

  const names = fc
    .array(fc.constantFrom('a', 'b', 'c', '..', '.', '', 'up', 'treasure'), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join('/'));
  const entries: fc.Arbitrary<Entry> = fc.record(
    {
      name: names,
      type: fc.constantFrom('0', '2', '2', '5', '1', 'x', 'L'),
      link: names,
      body: fc.constantFrom('', 'evil'),
      size: fc.constantFrom('00000000004\0', '00000000000\0', Buffer.alloc(12, 0xff), '9'),
      pax: fc.dictionary(
        fc.constantFrom('path', 'linkpath', 'size'),
        fc.oneof(names, fc.constantFrom('4', '-1', '1e3')),
      ),
    },
    { requiredKeys: ['name'] },
  );

  it('never leads out of its folder, whatever it holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entries, { minLength: 1, maxLength: 8 }), async (some) => {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder);
        const failed = await unpack(some, 10_000).then(
          () => false,
          () => true,
        );
        expectContained();
        // What fails is taken away as a whole.
        if (!failed) expect(leavingPaths()).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
