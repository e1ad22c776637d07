import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { once, readAll } from './store.ts';
import { untar } from './tar-read.ts';
import { tarOf } from './tar-write.ts';

const LONG = `${'long-'.repeat(30)}name`;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ado-tar-'));
  for (const name of ['from', 'to']) mkdirSync(join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const from = (...names: string[]) => join(folder, 'from', ...names);
const to = (...names: string[]) => join(folder, 'to', ...names);
const archive = (path = from()) => readAll(tarOf(path), 2 ** 26);

function fill(): void {
  mkdirSync(from('empty'));
  mkdirSync(from(LONG, LONG), { recursive: true });
  writeFileSync(from(LONG, LONG, 'ünïcode'), 'deep');
  writeFileSync(from('block'), Buffer.alloc(512, 7));
  writeFileSync(from('none'), '');
  writeFileSync(from('run.sh'), 'true');
  chmodSync(from('run.sh'), 0o755);
  symlinkSync('run.sh', from('link'));
}

function check(): void {
  expect(readdirSync(to()).sort()).toEqual(['block', 'empty', 'link', LONG, 'none', 'run.sh'].sort());
  expect(readFileSync(to(LONG, LONG, 'ünïcode'), 'utf8')).toBe('deep');
  expect(readFileSync(to('block'))).toEqual(Buffer.alloc(512, 7));
  expect(lstatSync(to('run.sh')).mode & 0o777).toBe(0o755);
  expect(readlinkSync(to('link'))).toBe('run.sh');
}

/** A folder as a property makes it: a file by its bytes and permissions, a link by its target. */
type Node = { readonly [name: string]: Node } | { readonly bytes: Uint8Array; readonly mode: number } | string;

const NAME = fc.oneof(
  fc.stringMatching(/^[a-z0-9 =_-]{1,12}$/),
  fc.stringMatching(/^[a-z]{90,120}$/),
  fc.constantFrom('ünïcode', '日本語', 'new\nline', '🙂', ' ', '...', '-rf'),
);
const FILE = fc.record({
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 1100 }),
    fc.constantFrom(512, 1024, 70_000).map((size) => new Uint8Array(size)),
  ),
  mode: fc.constantFrom(0o600, 0o644, 0o755, 0o700),
});
const LINK = fc.oneof(NAME, fc.constant(`${'deep/'.repeat(30)}end`));
const { node: NODE } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof({ maxDepth: 3 }, FILE, LINK, fc.dictionary(NAME, tie('node'), { maxKeys: 3 })),
}));

function write(path: string, tree: Readonly<Record<string, Node>>): void {
  for (const [name, node] of Object.entries(tree)) {
    const place = join(path, name);
    if (typeof node === 'string') symlinkSync(node, place);
    else if (node.bytes instanceof Uint8Array) writeFileSync(place, node.bytes, { mode: node.mode as number });
    else {
      mkdirSync(place);
      write(place, node as Readonly<Record<string, Node>>);
    }
  }
}

/** All paths of a folder, with what is there. */
function read(path: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of readdirSync(path, { recursive: true }) as string[]) {
    const place = join(path, name);
    const { mode } = lstatSync(place);
    if (lstatSync(place).isSymbolicLink()) found[name] = readlinkSync(place);
    else found[name] = [mode & 0o777, lstatSync(place).isFile() ? readFileSync(place).toString('base64') : 'folder'];
  }
  return found;
}

/** What the tar of the machine makes of a folder, with options of ours. */
const foreign = (...args: string[]) => execFileSync('tar', ['--create', '--directory', from(), ...args]);

describe('an archive', () => {
  it('comes back as it went, and is the same each time', async () => {
    fill();
    const bytes = await archive();
    expect(bytes.equals(await archive())).toBe(true);
    await untar(once(bytes), to(), 2 ** 20);
    check();
  });

  it('is one that tar reads', async () => {
    fill();
    execFileSync('tar', ['--extract', '--directory', to()], { input: await archive() });
    check();
  });

  it('may be one that tar wrote', async () => {
    fill();
    await untar(once(foreign('--format=pax', '.')), to(), 2 ** 20);
    check();
  });

  it('may come in pieces of any size', async () => {
    fill();
    const bytes = await archive();
    const pieces = async function* () {
      for (let at = 0; at < bytes.length; at += 333) yield bytes.subarray(at, at + 333);
    };
    await untar(pieces(), to(), 2 ** 20);
    check();
  });

  it.each([
    ['a file above its folder', ['--transform=s,^,../,', 'x'], /leads out of its folder/],
    ['an absolute path', ['--absolute-names', '--transform=s,^,/tmp/,', 'x'], /leads out of its folder/],
    ['a link that leads out', ['out'], /leads out of its folder/],
    ['a device', ['pipe'], /an entry of type "fifo"/],
  ])('with %s is refused', async (_what, args, message) => {
    writeFileSync(from('x'), 'x');
    symlinkSync('/etc', from('out'));
    execFileSync('mkfifo', [from('pipe')]);
    await expect(untar(once(foreign(...args)), to(), 2 ** 20)).rejects.toThrow(message);
  });

  it('never writes through a link that it brought', async () => {
    mkdirSync(from('real'));
    symlinkSync('real', from('a'));
    writeFileSync(from('x'), 'x');
    const bytes = foreign('real', 'a', '--transform=s,^x$,a/x,', 'x');
    await expect(untar(once(bytes), to(), 2 ** 20)).rejects.toThrow(/leads out of its folder/);
    expect(readdirSync(to('real'))).toEqual([]);
  });

  it('that is larger than allowed, broken or cut off is refused', async () => {
    writeFileSync(from('x'), 'x'.repeat(2000));
    const bytes = await archive();
    await expect(untar(once(bytes), to(), 1999)).rejects.toThrow(/more than 1999 bytes/);
    rmSync(to('x'), { force: true });
    await expect(untar(once(bytes.subarray(0, 1024)), to(), 2 ** 20)).rejects.toThrow(/ends in the middle/);
    bytes[3] = 1;
    await expect(untar(once(bytes), to(), 2 ** 20)).rejects.toThrow(/another checksum/);
  });

  it('comes back as it went, whatever is in the folder', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(NAME, NODE, { maxKeys: 4 }),
        fc.integer({ min: 100, max: 2000 }),
        async (tree, size) => {
          for (const name of ['from', 'to']) {
            rmSync(join(folder, name), { recursive: true, force: true });
            mkdirSync(join(folder, name));
          }
          write(from(), tree);
          const bytes = await archive();
          const pieces = async function* () {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
          };
          await untar(pieces(), to(), 2 ** 20);
          expect(read(to())).toEqual(read(from()));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('holds little while nobody reads it, however many entries it has', async () => {
    for (let at = 0; at < 300; at++) mkdirSync(from(`folder-${at}`));
    const reading = tarOf(from())[Symbol.asyncIterator]();
    await reading.next();
    // A folder that appears when all names are known, and is gone when its turn comes: nothing was read ahead.
    rmSync(from('folder-99'), { recursive: true });
    await expect(readAll({ [Symbol.asyncIterator]: () => reading }, 2 ** 26)).rejects.toThrow(/ENOENT.*folder-99/);
  });

  it('is not made of what no archive can hold', async () => {
    execFileSync('mkfifo', [from('pipe')]);
    await expect(archive()).rejects.toThrow(/neither a file, a folder nor a link/);
  });
});
