export const REDACTED = '[redacted]';

/**
 * Secrets that are recognized anywhere in a text; the whole match is replaced. A pattern is linear if no repeated part
 * can be followed by something that it matches itself, and if no later start scans the same characters again after a
 * failure: an unbounded repetition either ends its pattern, or cannot start in the middle of itself.
 */
export const SECRETS: readonly RegExp[] = [
  // A private key, to its end or, if that is truncated, to the next line of dashes.
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^-]*(?:-(?!----)[^-]*)*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?/g,
  // The rest of a private key without its beginning.
  /(?<![A-Za-z0-9+/=\s\\])[A-Za-z0-9+/=\s\\]*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g,
  // JSON in base64: a JSON web token, signed or encrypted, complete or truncated; a login of a registry.
  /(?<![A-Za-z0-9_])eyJ[A-Za-z0-9_+/-]{13,}={0,2}(?:\.[A-Za-z0-9_-]*){0,4}/g,
  // Keys of AWS; tokens of GitHub, GitLab, Slack, Stripe, OpenAI and Anthropic, npm, PyPI, Google, DigitalOcean, Vault,
  // Docker, SendGrid, Hugging Face; keys of age.
  /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])/g,
  /(?<![A-Za-z0-9])(?:gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/g,
  /(?<![A-Za-z0-9])gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.-]{16,}/g,
  /(?<![A-Za-z0-9])(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}/g,
  /(?<![A-Za-z0-9])(?:[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{16,})/g,
  /(?<![A-Za-z0-9])(?:AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{16,}|do[opr]_v1_[a-f0-9]{32,}|hv[bsr]\.[A-Za-z0-9_-]{20,})/g,
  /(?<![A-Za-z0-9])(?:dckr_[op]at_[A-Za-z0-9_-]{20,}|SG\.[A-Za-z0-9_-]{16,}[.\w-]*|hf_[A-Za-z0-9]{30,}|AGE-SECRET-KEY-1[0-9A-Z]{40,})/g,
];

/** Matches every text that one of the patterns matches. Most texts do not match, and need no further checks. */
export const HINTS =
  /PRIVATE KEY|eyJ|A(?:[KS]IA|BIA|CCA|Iza)|gh[opsur]_|github_pat|gl[a-z]{2,5}-|xox[a-z]-|xapp-|hooks\.slack|[rs]k[_-]|npm_|pypi-|ya29|do[opr]_v1|hv[bsr]\.|dckr_|SG\.|hf_|AGE-|pass|pwd|secret|token|credential|cookie|signature|key|authorization|bearer|basic|:\/\/[^\s:@/"']*:/i;

/** Endings of names of secrets, in the spellings that programs use. */
const NAME =
  'pass(?:word|wd|phrase)|pwd|secret|token|credentials?|cookie|x-amz-signature|' +
  '(?:api|access|secret|account|private|signing|encryption|master|shared)[_-]?key(?:[_-]?id)?';

/** Words that follow a name in messages of the API server and of programs, but are not a value. */
const NO_VALUE = '(?!(?:Required|Invalid|Forbidden|Duplicate|Unsupported|Not|Too|expected|must|is|not)\\s)';

/** The value after a name: up to the end of its quotes, escaped in JSON within JSON, or to a character that ends it. */
const VALUE = String.raw`(?<quote>\\{0,15}["'])(?:(?!(?<!\\)\k<quote>)[^\r\n])+|${NO_VALUE}[^\s"'\\,;&]{4,}`;

/** Patterns of which only the second group is replaced; the first one stays to show that there was a value. */
export const AFTER_NAMES: readonly RegExp[] = [
  /(authorization[\s"'\\]*[:=][\s"'\\]*(?:\[(?!redacted)[\s"'\\]*)?(?:(?:bearer|basic|token|digest|negotiate)\s+)?)([^\s"'\\][^\r\n"'\\]*)/gi,
  new RegExp(
    String.raw`((?:${NAME})\\{0,15}["']?\s{0,4}(?:[:=]|=>)\s{0,4}(?:(?:Invalid|Duplicate|Unsupported) value: )?)(${VALUE})`,
    'gi',
  ),
  /(:\/\/hooks\.slack\.com\/)([\w/-]{8,})/g,
  // A login in a URL, also with a password that contains an @.
  /(:\/\/[^\s:@/"']*:)([^\s/"']+)(?=@)/g,
  /(?<![A-Za-z0-9])((?:bearer|basic)\s{1,4})((?=[A-Za-z._~+/=-]*\d|[\w.~+/=-]{20})[\w.~+/=-]{8,})/gi,
  new RegExp(String.raw`((?<![\w-])--[a-z0-9_-]{0,40}?(?:${NAME})\s{1,4})([^\s"'-][^\s"']{3,})`, 'gi'),
  // A long word of letters and digits, or a UUID, after a word such as key or token.
  new RegExp(
    String.raw`((?:${NAME}|\bkey)s?[\s"'${'`'}:]{1,4}(?:(?:is|was|value|used|of)[\s"'${'`'}:]{1,4}){0,3})` +
      String.raw`((?=[A-Za-z+/_]*\d)(?=[\d+/_]*[A-Za-z])[A-Za-z0-9+/_]{20,}={0,2}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})`,
    'gi',
  ),
];
