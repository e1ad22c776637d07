/**
 * What of the end of a container's log, or of what it wrote to $ADO_OUTPUTS, is told with its failure: whole lines where
 * there are several, and a hint where they are of a mistake that is made often. Pure.
 */

/** Characters of both together: a state keeps 512 of a message, and its beginning says with what exit code it ended. */
const MAX_WORDS = 400;
const NOT_WRITABLE =
  'the task runs as user 65532 on a read-only root file system, unless securityContext says otherwise; ' +
  'write to /tmp, a workspace or a volume';

/** What programs say of mistakes that only make sense to those who know how the pod is made. The first match counts. */
const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [
    // A variable that is not set, as shells and interpreters say it, and a redirection to a file without a name.
    /\bADO_OUTPUT\b|can(?:'t|not) create : |(?:^|[:\n]) ?: No such file or directory/,
    'write outputs to $ADO_OUTPUTS, with a trailing S',
  ],
  [/Read-only file system|\bEROFS\b/i, NOT_WRITABLE],
  [
    // Not what servers and execve deny: a file that could not be written is named by what tried to.
    /(?:can(?:'t|not) (?:create|touch|remove|make|write)|could not create|mkdir|touch|tee|cp|mv|rm|install|\bEACCES|\bErrno 13\b)[^\n]{0,200}permission denied|\bline \d+: \/[^\n:]{1,200}: permission denied/i,
    NOT_WRITABLE,
  ],
];

/** The hint that fits what a container said at its end. */
export function hintOf(text: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(text))?.[1];
}

/** The end of what a container said, with the hint that fits it. */
export function lastWords(message: string): string {
  const text = plain(message);
  const hint = hintOf(text);
  if (hint === undefined) return lastLines(text, MAX_WORDS);
  const end = ` (${hint})`;
  return lastLines(text, MAX_WORDS - end.length) + end;
}

/** Without what moves the cursor and colours text of a terminal, since it is shown on somebody else's. */
function plain(text: string): string {
  return [...text.replace(ESCAPES, '').replace(/\r\n?/g, '\n')]
    .filter((each) => (each >= ' ' ? each !== '\u007f' : each === '\n' || each === '\t'))
    .join('')
    .trim();
}

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]{0,32}[A-Za-z]`, 'g');

/** The last lines that fit, or what fits of the last one. */
function lastLines(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = text.slice(1 - max);
  const line = end.indexOf('\n');
  const whole = line < 0 ? end : end.slice(line + 1);
  return `…${whole.replace(/^[\udc00-\udfff]/, '')}`;
}
