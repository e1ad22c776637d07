import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keepLog, logStore, readLog } from './logs.ts';
import { redactor } from './redact.ts';
import { VolumeStore } from './volume.ts';

describe('logs', () => {
  it('come back as they were kept, each of its own attempt', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ado-logs-'));
    const store = logStore(new VolumeStore(folder));
    const address = { namespace: 'shop', runUid: 'u', path: 'ship/build[2]', attempt: 1 };
    await keepLog(store, address, 'first\nsecond\n');
    expect(await readLog(store, address)).toBe('first\nsecond\n');
    expect(await readLog(store, { ...address, attempt: 2 })).toBeUndefined();
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('what looks like a secret', () => {
  const clean = redactor('shop-\\d{4}');

  it.each([
    ['a token of GitHub', `pushing with ghp_${'a1B2'.repeat(9)}`, 'pushing with [redacted]'],
    ['a web token', `got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${'x'.repeat(43)} ok`, 'got [redacted] ok'],
    ['a key of Amazon', 'id AKIAIOSFODNN7EXAMPLE.', 'id [redacted].'],
    ['a header', 'Authorization: Bearer abc.def-123', 'Authorization: Bearer [redacted]'],
    ['a password in an address', 'git clone https://ada:s3cret@host/x', 'git clone https://ada:[redacted]@host/x'],
    ['a variable', 'DB_PASSWORD=hunter22 next', 'DB_PASSWORD=[redacted] next'],
    ['a field of JSON', '{"api_key": "abcdefgh"}', '{"api_key": "[redacted]"}'],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nend', '[redacted]\nend'],
    ['what the administrator says', 'customer shop-1234', 'customer [redacted]'],
  ])('is taken out: %s', (_what, text, expected) => {
    expect(clean(text)).toBe(expected);
  });

  it('is all that is taken out', () => {
    const text = 'compiled 12 files in 3 s; tokens: 42; see https://example.com/a@b';
    expect(clean(text)).toBe(text);
  });

  it('costs little, also of text made to cost much', () => {
    const megabyte = 2 ** 20;
    for (const piece of [
      'a',
      '-----BEGIN A',
      'eyJaaaaaaaaa.',
      'token',
      '://a',
      'password=',
      'Authorization: ',
      'sk-',
    ]) {
      const text = piece.repeat(Math.ceil(megabyte / piece.length));
      const started = performance.now();
      redactor()(text);
      expect(performance.now() - started, piece).toBeLessThan(5000);
    }
  });
});
