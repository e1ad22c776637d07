/**
 * The end of a container's log, or of its $ADO_OUTPUTS, for the message of its failure: complete lines if there are
 * several, and a hint for common mistakes. Pure.
 */

/** Maximum of both together, characters: a message has at most 512, and starts with the exit code. */
const MAX_WORDS = 400;
const NOT_WRITABLE =
  'the task runs as user 65532 on a read-only root file system, unless securityContext says otherwise; ' +
  'write to /tmp, a workspace or a volume';

/** Error messages of programs whose cause is the setup of the pod. The first match counts. */
const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [
    // An unset variable, in messages of shells and interpreters, and a redirection to an empty file name.
    /\bADO_OUTPUT\b|can(?:'t|not) create : |(?:^|[:\n]) ?: No such file or directory/,
    'write outputs to $ADO_OUTPUTS, with a trailing S',
  ],
  [/Read-only file system|\bEROFS\b/i, NOT_WRITABLE],
  [
    // Only denied writes to files, which name the program and the file; not denials by servers or execve.
    /(?:can(?:'t|not) (?:create|touch|remove|make|write)|could not create|mkdir|touch|tee|cp|mv|rm|install|\bEACCES|\bErrno 13\b)[^\n]{0,200}permission denied|\bline \d+: \/[^\n:]{1,200}: permission denied/i,
    NOT_WRITABLE,
  ],
];

/** The hint for the last words of a container, if any. */
export function hintOf(text: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(text))?.[1];
}

/** The last words of a container, with a hint. */
export function lastWords(message: string): string {
  const text = plain(message);
  const hint = hintOf(text);
  if (hint === undefined) return lastLines(text, MAX_WORDS);
  const end = ` (${hint})`;
  return lastLines(text, MAX_WORDS - end.length) + end;
}

/** Removes terminal escapes, which would move the cursor and colour text on the terminal of the reader. */
function plain(text: string): string {
  return [...text.replace(ESCAPES, '').replace(/\r\n?/g, '\n')]
    .filter((each) => (each >= ' ' ? each !== '\u007f' : each === '\n' || each === '\t'))
    .join('')
    .trim();
}

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]{0,32}[A-Za-z]`, 'g');

/** The last complete lines that fit, or the end of the last line. */
function lastLines(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = text.slice(1 - max);
  const line = end.indexOf('\n');
  const whole = line < 0 ? end : end.slice(line + 1);
  return `…${whole.replace(/^[\udc00-\udfff]/, '')}`;
}
