import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BUSYBOX_IMAGE, busyboxImage, dockerArchive } from './images.ts';
import { tar } from './tar.ts';

/** Reads an archive like tar, by its headers. */
function untar(archive: Buffer): Map<string, { content: Buffer; mode: number; link: string }> {
  const files = new Map<string, { content: Buffer; mode: number; link: string }>();
  const text = (at: number, end: number) => archive.toString('utf8', at, end).replace(/\0.*$/s, '');
  let at = 0;
  while (archive[at] !== 0) {
    const size = Number.parseInt(text(at + 124, at + 136), 8);
    const content = archive.subarray(at + 512, at + 512 + size);
    files.set(text(at, at + 100), {
      content,
      mode: Number.parseInt(text(at + 100, at + 108), 8),
      link: text(at + 157, at + 257),
    });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

describe('an archive', () => {
  it('contains its entries', () => {
    const files = untar(
      tar([{ path: 'd/' }, { path: 'd/a', content: Buffer.from('x'.repeat(513)) }, { path: 'b', link: 'd/a' }]),
    );
    expect(files.get('d/a')?.content.length).toBe(513);
    expect(files.get('b')?.link).toBe('d/a');
    expect(files.get('d/')?.mode).toBe(0o755);
  });

  it('has headers with correct checksums', () => {
    const header = Buffer.from(tar([{ path: 'a', content: Buffer.from('1') }]).subarray(0, 512));
    const sum = Number.parseInt(header.toString('utf8', 148, 154), 8);
    header.write('        ', 148);
    expect(header.reduce((total, byte) => total + byte, 0)).toBe(sum);
  });

  it('refuses a path that is too long for its headers', () => {
    expect(() => tar([{ path: 'a'.repeat(101) }])).toThrow('too long');
  });
});

describe('an image', () => {
  const archive = dockerArchive([busyboxImage(Buffer.from('program'), ['busybox', 'sh', 'ls'])], 'amd64');

  it('has the name in the examples, and a layer that matches its configuration', () => {
    const files = untar(archive);
    const [manifest] = JSON.parse(files.get('manifest.json')!.content.toString());
    expect(manifest.RepoTags).toEqual([BUSYBOX_IMAGE]);
    const config = JSON.parse(files.get(manifest.Config)!.content.toString());
    const layer = files.get(manifest.Layers[0])!.content;
    expect(config.rootfs.diff_ids).toEqual([`sha256:${createHash('sha256').update(layer).digest('hex')}`]);
  });

  it('has a shell, and a folder that any user can write to', () => {
    const files = untar(archive);
    const [manifest] = JSON.parse(files.get('manifest.json')!.content.toString());
    const layer = untar(files.get(manifest.Layers[0])!.content);
    expect(layer.get('bin/sh')?.link).toBe('busybox');
    expect(layer.get('bin/busybox')?.mode).toBe(0o755);
    expect(layer.get('tmp/')?.mode).toBe(0o1777);
  });

  it('is reproducible, byte for byte', () => {
    const again = dockerArchive([busyboxImage(Buffer.from('program'), ['busybox', 'sh', 'ls'])], 'amd64');
    expect(again.equals(archive)).toBe(true);
  });
});
