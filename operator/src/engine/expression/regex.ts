import { RE2JS } from 're2js';
import { BoundedCache } from './cache.ts';
import { spend } from './work.ts';

/** Characters of a pattern. */
export const MAX_PATTERN = 256;
/** Instructions of a compiled pattern that is not written as a literal, and so is unknown until it is evaluated. */
export const MAX_COMPUTED_PROGRAM = 200;
/** Instructions of any compiled pattern; repetitions such as x{1000} are what makes one long. */
export const MAX_PROGRAM = 5_000;

interface Pattern {
  readonly regex: RE2JS | undefined;
  readonly size: number;
  /** How much more than others one of its instructions takes. */
  readonly weight: number;
  readonly fault: string | undefined;
}

const patterns = new BoundedCache<Pattern>(256, 200_000);

function compile(source: string): Pattern {
  if (source.length > MAX_PATTERN) {
    return { regex: undefined, size: 1, weight: 1, fault: `a pattern has more than ${MAX_PATTERN} characters` };
  }
  try {
    const regex = RE2JS.compile(source);
    const size = regex.programSize();
    const fault = size > MAX_PROGRAM ? `the pattern ${source} is too large; use fewer repetitions` : undefined;
    return { regex, size, weight: weightOf(source), fault };
  } catch (error) {
    return {
      regex: undefined,
      size: 1,
      weight: 1,
      fault: `invalid pattern: ${error instanceof Error ? error.message : source}`,
    };
  }
}

/** How much more work than another an instruction is that may be of a class of Unicode. */
const OF_UNICODE = 30;
/** Characters of a text against one instruction that are matched for one unit of work. */
const MATCHED = 100;

/**
 * Work of compiling a pattern, or those in an expression, from the text alone: repetitions are what makes one long. It is
 * spent before, whether or not the pattern is known already.
 */
export function workOfPatterns(source: string): number {
  const repetitions = [...source.matchAll(/\{(\d{1,4})(?:,(\d{0,4}))?\}/g)].map(([, least, most]) => {
    return Math.min(1_000, Number(most || least));
  });
  const instructions = source.length + repetitions.reduce((all, count) => all + count, 0);
  return instructions * weightOf(source);
}

const weightOf = (source: string) => (/\\[pP]|\(\?[^)]*i/.test(source) ? OF_UNICODE : 1);

function patternOf(source: string): Pattern {
  return patterns.getOrAdd(
    source,
    () => compile(source),
    (pattern) => pattern.size,
  );
}

/** What is wrong with a pattern, or nothing. */
export function patternFault(source: string): string | undefined {
  return patternOf(source).fault;
}

/** Instructions of the compiled pattern: matching takes at most this many steps for each character of the text. */
export function patternSize(source: string): number {
  return patternOf(source).size;
}

/**
 * Whether the pattern (RE2 syntax, as in Go and in CRD rules) is found in the text. Linear in the text.
 * @throws RangeError when the pattern is invalid or too large
 */
export function linearMatches(text: string, pattern: string): boolean {
  spend(workOfPatterns(pattern));
  const { regex, fault, size, weight } = patternOf(pattern);
  if (regex === undefined || fault !== undefined) throw new RangeError(fault ?? 'invalid pattern');
  spend((text.length * size * weight) / MATCHED);
  return regex.test(text);
}
