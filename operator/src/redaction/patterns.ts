export const REDACTED = '[redacted]';

/**
 * What looks like a secret wherever it stands; all of it goes. A pattern is linear if no part that repeats can be followed
 * by what it matches itself, and if after a failure no later start goes over the same characters again: what repeats
 * without a bound either ends its pattern, or cannot begin in the middle of itself.
 */
export const SECRETS: readonly RegExp[] = [
  // A private key, to its end or, where that was cut off, to the next line of dashes.
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^-]*(?:-(?!----)[^-]*)*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?/g,
  // What is left of one whose beginning was cut off.
  /(?<![A-Za-z0-9+/=\s\\])[A-Za-z0-9+/=\s\\]*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g,
  // JSON in base64: a JSON web token, signed or encrypted, whole or cut; a login of a registry.
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

/** What is in every text that one of the patterns matches: most texts have nothing of it, and are told by it alone. */
export const HINTS =
  /PRIVATE KEY|eyJ|A(?:[KS]IA|BIA|CCA|Iza)|gh[opsur]_|github_pat|gl[a-z]{2,5}-|xox[a-z]-|xapp-|hooks\.slack|[rs]k[_-]|npm_|pypi-|ya29|do[opr]_v1|hv[bsr]\.|dckr_|SG\.|hf_|AGE-|pass|pwd|secret|token|credential|cookie|signature|key|authorization|bearer|basic|:\/\/[^\s:@/"']*:/i;

/** Ends of the names that secrets have, in the ways in which programs write names. */
const NAME =
  'pass(?:word|wd|phrase)|pwd|secret|token|credentials?|cookie|x-amz-signature|' +
  '(?:api|access|secret|account|private|signing|encryption|master|shared)[_-]?key(?:[_-]?id)?';

/** What the API server and programs say after a name that is no value. */
const NO_VALUE = '(?!(?:Required|Invalid|Forbidden|Duplicate|Unsupported|Not|Too|expected|must|is|not)\\s)';

/** The value after a name: up to the end of its quotes, which JSON in JSON escapes, or to what cannot be a part of it. */
const VALUE = String.raw`(?<quote>\\{0,15}["'])(?:(?!(?<!\\)\k<quote>)[^\r\n])+|${NO_VALUE}[^\s"'\\,;&]{4,}`;

/** Of what these match only the second part goes: the first one says that there was something. */
export const AFTER_NAMES: readonly RegExp[] = [
  /(authorization[\s"'\\]*[:=][\s"'\\]*(?:\[(?!redacted)[\s"'\\]*)?(?:(?:bearer|basic|token|digest|negotiate)\s+)?)([^\s"'\\][^\r\n"'\\]*)/gi,
  new RegExp(
    String.raw`((?:${NAME})\\{0,15}["']?\s{0,4}(?:[:=]|=>)\s{0,4}(?:(?:Invalid|Duplicate|Unsupported) value: )?)(${VALUE})`,
    'gi',
  ),
  /(:\/\/hooks\.slack\.com\/)([\w/-]{8,})/g,
  // A login in an address, also with a password in which an @ is.
  /(:\/\/[^\s:@/"']*:)([^\s/"']+)(?=@)/g,
  /(?<![A-Za-z0-9])((?:bearer|basic)\s{1,4})((?=[A-Za-z._~+/=-]*\d|[\w.~+/=-]{20})[\w.~+/=-]{8,})/gi,
  new RegExp(String.raw`((?<![\w-])--[a-z0-9_-]{0,40}?(?:${NAME})\s{1,4})([^\s"'-][^\s"']{3,})`, 'gi'),
  // A long word of letters and digits, or a UUID, that is called a key, a token or the like.
  new RegExp(
    String.raw`((?:${NAME}|\bkey)s?[\s"'${'`'}:]{1,4}(?:(?:is|was|value|used|of)[\s"'${'`'}:]{1,4}){0,3})` +
      String.raw`((?=[A-Za-z+/_]*\d)(?=[\d+/_]*[A-Za-z])[A-Za-z0-9+/_]{20,}={0,2}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})`,
    'gi',
  ),
];
