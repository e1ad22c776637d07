import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REDACTED, redact, redactInLine } from './index.ts';

const WORD = 'q7Rz'.repeat(10);
const JWT = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${'x'.repeat(43)}`;
const PEM = '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEq7Rz\n-----END RSA PRIVATE KEY-----';

/** Every shape: a text, the secret in it, and the redacted text. */
const SHAPES: readonly (readonly [what: string, text: string, secret: string, left: string])[] = [
  ['a private key', `${PEM}\nend`, 'MIIEq7Rz', '[redacted]\nend'],
  ['the beginning of a private key', PEM.slice(0, -30), 'MIIEq7Rz', '[redacted]'],
  ['the end of a private key', 'x: MIIEq7Rz\n-----END PRIVATE KEY-----!', 'MIIEq7Rz', 'x:[redacted]!'],
  ['a private key in JSON', JSON.stringify({ a: PEM }), 'MIIEq7Rz', '{"a":"[redacted]"}'],
  ['a web token', `got ${JWT} ok`, 'eyJ', 'got [redacted] ok'],
  ['the half of a web token', `got ${JWT.slice(0, 25)}`, 'eyJ', 'got [redacted]'],
  ['a key of AWS', 'id AKIAIOSFODNN7EXAMPLE.', 'AKIA', 'id [redacted].'],
  ['a secret key of AWS', `aws_secret_access_key = ${WORD}`, WORD, 'aws_secret_access_key = [redacted]'],
  ['a token of GitHub', `with ghp_${WORD}`, WORD, 'with [redacted]'],
  ['a fine token of GitHub', `with github_pat_11_${WORD}`, WORD, 'with [redacted]'],
  ['a token of GitLab', `with glpat-${WORD}`, WORD, 'with [redacted]'],
  ['a token of Slack', `with xoxb-1-${WORD}`, WORD, 'with [redacted]'],
  [
    'a hook of Slack',
    `to https://hooks.slack.com/services/T0/B0/${WORD}`,
    WORD,
    'to https://hooks.slack.com/[redacted]',
  ],
  ['a key of Stripe', `with sk_live_${WORD}`, WORD, 'with [redacted]'],
  ['a key of a model', `with sk-ant-${WORD}`, WORD, 'with [redacted]'],
  ['a token of npm', `with npm_${WORD}`, WORD, 'with [redacted]'],
  ['a key of Google', `with AIza${WORD}`, WORD, 'with [redacted]'],
  ['a token of Vault', `with hvs.${WORD}`, WORD, 'with [redacted]'],
  ['a header', 'Authorization: Bearer abc.def-123', 'abc', 'Authorization: Bearer [redacted]'],
  [
    'a header of a log',
    '> authorization: AWS4 Credential=x, Signature=y\n> next',
    'Sign',
    '> authorization: [redacted]\n> next',
  ],
  ['a header in JSON', '{"Authorization":["Basic YTpi"]}', 'YTpi', '{"Authorization":["Basic [redacted]"]}'],
  ['the value of a header', 'refused Bearer abcdefg-1', 'abcdefg', 'refused Bearer [redacted]'],
  ['a login in an address', 'clone https://ada:s3c@ret@host/x', 's3c', 'clone https://ada:[redacted]@host/x'],
  ['a password alone in an address', 'redis://:hunter2@host', 'hunter2', 'redis://:[redacted]@host'],
  ['a variable', 'DB_PASSWORD=hunter22 next', 'hunter22', 'DB_PASSWORD=[redacted] next'],
  ['a quoted variable', 'export PGPASSWORD="correct horse"; x', 'horse', 'export PGPASSWORD="[redacted]"; x'],
  ['a field of JSON', '{"api_key": "abcdefgh"}', 'abcdefgh', '{"api_key": "[redacted]"}'],
  [
    'a field of JSON in JSON',
    JSON.stringify(JSON.stringify({ token: 'ab"cd' })),
    'ab',
    '"{\\"token\\":\\"[redacted]\\"}"',
  ],
  ['a field of YAML', "clientSecret: 'abc'", 'abc', "clientSecret: '[redacted]'"],
  ['a flag', 'mysql --password hunter22 -e x', 'hunter22', 'mysql --password [redacted] -e x'],
  [
    'a value that was refused',
    'spec.token: Invalid value: "abc": no',
    'abc',
    'spec.token: Invalid value: "[redacted]": no',
  ],
  ['a long word that is called a key', `the key is ${WORD}, not that`, WORD, 'the key is [redacted], not that'],
  ['a UUID that is called a token', 'token 6d1f7c52-0f6a-4f0e-9a53-0d0e6c5b7a11', '6d1f', 'token [redacted]'],
];

describe('a likely secret', () => {
  it.each(SHAPES)('is redacted: %s', (_what, text, secret, left) => {
    expect(redact(text)).toBe(left);
    expect(redact(text)).not.toContain(secret);
  });

  it.each(SHAPES)('is redacted in a line of JSON, which stays valid: %s', (_what, text, secret) => {
    const line = redactInLine(
      JSON.stringify({ level: 'info', err: { message: text, inner: JSON.stringify({ text }) } }),
    );
    expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(line).not.toContain(secret);
  });

  it('is redacted in any place of a line of JSON', () => {
    const token = `ghp_${WORD}`;
    for (const before of [{}, { a: 1234567890 }, { n: [1, 2, 3, 4, 5, 6], a: '' }, { '': true, b: 'x"y', c: '\\\\' }]) {
      const line = redactInLine(
        JSON.stringify({ ...before, msg: `with ${token}`, [token]: { more: [12345678, token] } }),
      );
      expect(JSON.parse(line)).toEqual({
        ...before,
        msg: 'with [redacted]',
        '[redacted]': { more: [12345678, REDACTED] },
      });
    }
  });

  it.each(SHAPES)('is redacted in the middle of other text: %s', (_what, text, secret) => {
    const around = 'compiled 12 files\n';
    expect(redact(`${around}${text}\n${around}`)).not.toContain(secret);
  });

  it('is the only thing that is redacted', () => {
    for (const text of [
      'compiled 12 files in 3 s; tokens: 42; see https://example.com/a@b',
      'secrets "db-credentials" is forbidden: User "ada" cannot get resource "secrets" in API group "" in the namespace "shop"',
      "couldn't find key tls-certificate-of-2026-production in Secret shop/db",
      'spec.template.token: Required value',
      'SyntaxError: Unexpected token \'<\', "<!DOCTYPE "... is not valid JSON',
      'pod release-7-build-0-6d1f7c52 of uid 6d1f7c52-0f6a-4f0e-9a53-0d0e6c5b7a11 was deleted',
      'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'the password is wrong; a basic configuration is needed',
    ]) {
      expect(redact(text)).toBe(text);
    }
  });

  it('is redacted directly after another one', () => {
    const both = 'token 6d1f7c52-0f6a-4f0e-9a53-0d0e6c5b7a11Bearer 0Authorization';
    expect(redact(both)).toBe(`token ${REDACTED}Bearer ${REDACTED}`);
  });

  it('stays redacted and unchanged when redacted again', () => {
    const piece = fc.oneof(
      fc.constantFrom(...SHAPES.map(([, text]) => text)),
      fc.constantFrom(
        REDACTED,
        'password',
        '=',
        ': ',
        '"',
        "'",
        '\\',
        '[',
        'Bearer ',
        'token',
        'Authorization',
        '\n',
        'x1',
      ),
      fc.string({ maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const once = redact(pieces.join(''));
        expect(redact(once)).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });
});

/** One token of each form that is recognized without context. */
const TOKENS = [
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((prefix) => `${prefix}IOSFODNN7EXAMPLE`),
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'].map((prefix) => prefix + WORD),
  ...[
    'glpat-',
    'gloas-',
    'gldt-',
    'glrt-',
    'glcbt-',
    'glptt-',
    'glft-',
    'glimt-',
    'glagent-',
    'glsoat-',
    'glffct-',
  ].map((prefix) => prefix + WORD),
  ...[
    'xoxb-',
    'xoxp-',
    'xoxe-',
    'xapp-',
    'sk_live_',
    'rk_test_',
    'sk-',
    'sk-proj-',
    'npm_',
    'pypi-',
    'AIza',
    'ya29.',
  ].map((prefix) => prefix + WORD),
  ...['dop_v1_', 'doo_v1_', 'dor_v1_'].map((prefix) => prefix + 'a1b2'.repeat(16)),
  ...['hvs.', 'hvb.', 'hvr.', 'dckr_pat_', 'dckr_oat_', 'SG.', 'hf_'].map((prefix) => prefix + WORD),
  `AGE-SECRET-KEY-1${'Q7RZ'.repeat(14)}`,
];

describe('a token', () => {
  it.each(TOKENS)('is redacted completely, without any context: %s', (token) => {
    expect(redact(token)).toBe(REDACTED);
    expect(redact(`x="${token}",`)).toBe(`x="${REDACTED}",`);
  });
});

/** Texts that start a match and fail late. */
const HOSTILE = [
  ...['a', 'A1', '-', ' ', '\n', '=', '"', '\\', ':', '/', '@', '-----', '-----BEGIN PRIVATE KEY-----', '-----END '],
  ...[
    'eyJ',
    'eyJaaaaaaaaaaaaaaaa.',
    'AKIA',
    'ghp_',
    'glpat-',
    'xoxb-',
    'sk-',
    'SG.aaaaaaaaaaaaaaaa',
    'https://hooks.slack.com/',
  ],
  ...[
    'token',
    'token=',
    'token="',
    "token='",
    'token=\\"',
    'password: Invalid value: ',
    'key is ',
    'key=',
    'secret was ',
  ],
  ...[
    'authorization',
    'authorization:',
    'authorization: [',
    'Authorization: Bearer ',
    'basic ',
    '://',
    '://a:',
    '://a:b',
    '--',
    '--a',
  ],
  ...['a b ', 'Aa0+/=', '"token":', '{\\"token\\":\\"', '--token '],
];

const SIZE = 64 * 1024;

describe('the time of redaction', () => {
  /** The best of three, because other load on the machine only adds time. */
  function timeOf(text: string): number {
    const times = Array.from({ length: 3 }, () => {
      const started = performance.now();
      redact(text);
      return performance.now() - started;
    });
    return Math.min(...times);
  }

  it('is linear in the length of the text, also for hostile text', () => {
    const harmless = timeOf('compiled 12 files, no key\n'.repeat(SIZE / 25));
    for (const first of HOSTILE) {
      for (const rest of [first, ' ', 'a', '=', '"', '\\', '-']) {
        const text = first + rest.repeat(Math.ceil(SIZE / rest.length));
        // Quadratic time would be more than a thousand times as long.
        expect(timeOf(text), JSON.stringify([first, rest])).toBeLessThan(400 * harmless);
      }
    }
  });
});
