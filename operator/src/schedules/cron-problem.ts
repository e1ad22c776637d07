import { nextWall } from './cron.ts';

interface Field {
  readonly what: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
  /** The number of the first name. */
  readonly first?: number;
  /** Further valid items of the field, besides numbers, names, ranges and steps. */
  readonly special?: RegExp;
  readonly example: string;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const SECOND: Field = { what: 'second', min: 0, max: 59, example: '0, */10 or 0,30' };
const FIELDS: readonly Field[] = [
  { what: 'minute', min: 0, max: 59, example: '0, */15 or 0,30' },
  { what: 'hour', min: 0, max: 23, example: '3, 8-18 or */6' },
  { what: 'day of month', min: 1, max: 31, special: /^(L|LW|\d{1,2}W)$/, example: '*, 1,15 or L, the last one' },
  { what: 'month', min: 1, max: 12, names: MONTHS, first: 1, example: '*, 1-6 or JAN,JUL' },
  {
    what: 'day of week',
    min: 0,
    max: 7,
    names: DAYS,
    first: 0,
    special: /^([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(#[1-5]|#?L)$/,
    example: '*, MON-FRI or FRI#2, the second Friday',
  },
];

/** The macros of other cron implementations. */
const WORDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** An arbitrary time for the check that a cron ever fires. */
const SOME_TIME = 1_767_225_600_000;

/** Why a text is not a valid cron, with the column of the problem and the remedy; undefined if it is valid. */
export function cronProblem(cron: string): string | undefined {
  const word = WORDS[cron.trim().toLowerCase()];
  if (word) return `write "${word}" instead of ${cron.trim()}`;
  const parts = [...cron.matchAll(/\S+/g)];
  if (parts.length !== 5 && parts.length !== 6) {
    return `"${cron}" has ${parts.length} fields; write minute, hour, day of month, month and day of week: 0 3 * * *`;
  }
  const fields = parts.length === 6 ? [SECOND, ...FIELDS] : FIELDS;
  for (const [index, field] of fields.entries()) {
    const part = parts[index];
    const problem = part && fieldProblem(part[0].toUpperCase(), field);
    if (problem) return `${problem} (column ${part.index + 1}); write the ${field.what} like ${field.example}`;
  }
  return furtherProblem(cron);
}

/** Problems that only a computation of the next time reveals. */
function furtherProblem(cron: string): string | undefined {
  try {
    if (nextWall(cron, SOME_TIME) !== undefined) return undefined;
    return `"${cron}" never fires: no month has that day; choose another`;
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    return `"${cron}" is not a valid cron expression: ${why.slice(0, 200)}; write it like 0 3 * * *`;
  }
}

function fieldProblem(text: string, field: Field): string | undefined {
  for (const item of text.split(',')) {
    const problem = field.special?.test(item) ? undefined : itemProblem(item, field);
    if (problem) return problem;
  }
  return undefined;
}

function itemProblem(item: string, field: Field): string | undefined {
  const match = /^(?:(\*)|([A-Z0-9]+)(?:-([A-Z0-9]+))?)(?:\/(\d{1,2}))?$/.exec(item);
  if (!match) return `"${item.slice(0, 20)}" is not a valid ${field.what}`;
  const [, , from, to, step] = match;
  return stepProblem(item, step, field) ?? rangeProblem(from, to, field);
}

function stepProblem(item: string, step: string | undefined, { what, max }: Field): string | undefined {
  if (step === undefined) return undefined;
  if (Number(step) < 1 || Number(step) > max) return `a step of ${step} is out of range for the ${what}`;
  const isOfAll = item.startsWith('*') || item.includes('-');
  return isOfAll ? undefined : `"${item}" has a step without a range, such as ${item.replace('/', `-${max}/`)}`;
}

function rangeProblem(from: string | undefined, to: string | undefined, field: Field): string | undefined {
  for (const bound of [from, to]) {
    if (bound !== undefined && numberOf(bound, field) === undefined) {
      return `"${bound.slice(0, 20)}" is not a valid ${field.what} (${field.min}–${field.max})`;
    }
  }
  if (from === undefined || to === undefined) return undefined;
  const isBackwards = (numberOf(from, field) ?? 0) > (numberOf(to, field) ?? 0);
  return isBackwards ? `the range ${from}-${to} ends before it begins` : undefined;
}

function numberOf(text: string, { names = [], first = 0, min, max }: Field): number | undefined {
  const index = names.indexOf(text);
  if (index >= 0) return index + first;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value >= min && value <= max ? value : undefined;
}
