import { describe, expect, it } from 'vitest';
import { installCommand, isStatic, missingPackages } from './packages.ts';

/** The head of a 64-bit ELF file with one program header of this type. */
function elf(programHeader: number): Buffer {
  const head = Buffer.alloc(128);
  head.write('\x7fELF', 0, 'latin1');
  head[4] = 2;
  head[5] = 1;
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(programHeader, 64);
  return head;
}

describe('a program for an image without libraries', () => {
  it('needs no loader', () => {
    expect(isStatic(elf(1))).toBe(true);
    expect(isStatic(elf(3))).toBe(false);
  });

  it('is not a file that is not a program', () => {
    expect(isStatic(Buffer.from('#!/bin/sh\n'))).toBe(false);
    expect(isStatic(elf(1).subarray(0, 65))).toBe(false);
  });
});

it('installs only missing packages, and removes none', () => {
  const missing = missingPackages([
    { debian: 'here', present: () => true },
    { debian: 'there', present: () => false },
  ]);
  expect(missing).toEqual(['there']);
  expect(installCommand(missing)).toBe('apt-get install --no-remove --no-install-recommends -y there');
});
