import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hintOf, lastWords } from './last-words.ts';

const OUTPUTS = 'write outputs to $ADO_OUTPUTS, with a trailing S';
const NOT_WRITABLE = /^the task runs as user 65532 on a read-only root file system, .*; write to \/tmp,/;

describe('the hint for the last words of a container', () => {
  it.each([
    ['busybox, with an empty file name', "sh: can't create : nonexistent directory"],
    ['dash', 'sh: 1: cannot create : Directory nonexistent'],
    ['bash', 'bash: line 1: $ADO_OUTPUT: ambiguous redirect'],
    ['bash, of a quoted name', 'bash: line 2: : No such file or directory'],
    ['a shell with set -u', 'sh: ADO_OUTPUT: parameter not set'],
    ['bash with set -u', 'bash: line 1: ADO_OUTPUT: unbound variable'],
    ['Python', "Traceback\n  File\nKeyError: 'ADO_OUTPUT'"],
    ['Ruby', 'key not found: "ADO_OUTPUT" (KeyError)'],
  ])('names the variable for %s', (_who, text) => {
    expect(hintOf(text)).toBe(OUTPUTS);
  });

  it.each([
    ['touch', 'touch: /x: Read-only file system'],
    ['Python, read-only', "OSError: [Errno 30] Read-only file system: '/x'"],
    ['Node, read-only', "Error: EROFS: read-only file system, open '/x'"],
    ['busybox', "sh: can't create /x: Permission denied"],
    ['dash', 'sh: 1: cannot create /x: Permission denied'],
    ['bash', 'bash: line 1: /etc/x: Permission denied'],
    ['mkdir', 'mkdir: cannot create directory ‘/x’: Permission denied'],
    ['cp', "cp: cannot create regular file '/x': Permission denied"],
    ['Python', "PermissionError: [Errno 13] Permission denied: '/x'"],
    ['Node', "Error: EACCES: permission denied, open '/x'"],
    ['git', "fatal: could not create work tree dir 'x': Permission denied"],
  ])('names writable places for %s', (_who, text) => {
    expect(hintOf(text)).toMatch(NOT_WRITABLE);
  });

  it.each([
    'Permission denied (publickey).',
    'exec: "./x": permission denied',
    'sh: ./x: Permission denied',
    'ERROR: permission denied for table users',
    'wrote $ADO_OUTPUTS',
    "cat: can't open '/x': No such file or directory",
    'ls: /x: No such file or directory',
    'the message is withheld because the task reads secrets; see the log of its pod, or set failureMessage: Show',
    '',
  ])('is absent for %j', (text) => {
    expect(hintOf(text)).toBeUndefined();
  });
});

describe('the last words of a container', () => {
  it('are its last complete lines', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index} of a log`);
    const words = lastWords(lines.join('\n'));
    expect(words).toMatch(/^…line \d+ of a log\n/);
    expect(words).toMatch(/\nline 99 of a log$/);
  });

  it('are the end of a too long line', () => {
    expect(lastWords(`${'x'.repeat(5000)}!`)).toBe(`…${'x'.repeat(398)}!`);
  });

  it('always end with the hint', () => {
    const words = lastWords(`${'x'.repeat(5000)}\ntouch: /x: Read-only file system\n`);
    expect(words).toMatch(/Read-only file system \(the task runs as user 65532 .* a workspace or a volume\)$/);
  });

  it('contain no terminal escapes', () => {
    expect(lastWords('\u001b[31mred\u001b[0m\r 50%\r100%\u0007\u001b]0;title\u0007\ttab\n')).toBe(
      'red\n 50%\n100%]0;title\ttab',
    );
  });

  it('are bounded, and do not start with half of a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (text) => {
        const words = lastWords(text);
        expect(words.length).toBeLessThanOrEqual(400);
        expect(words.isWellFormed()).toBe(true);
      }),
    );
  });
});
