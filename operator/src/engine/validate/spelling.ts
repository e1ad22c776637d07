import { pathOf } from '../../api/index.ts';
import { type Place, places } from '../../json/index.ts';
import type { Warned, Warning } from './warning.ts';

/** What YAML 1.1, which kubectl reads, takes words for that are not quoted. */
const WORDS: Readonly<Record<string, string>> = {
  true: 'on, yes and y',
  false: 'off, no and n',
  null: 'null and ~',
};
/** Warnings that are looked for: more are not told anyway. */
const ENOUGH = 50;
/** A version that ended in a zero looks like this: 3.10 is 3.1. */
const LIKE_A_VERSION = /^[1-9]\d*\.\d$/;

/** Keys and items that are likely to have been spelled otherwise before kubectl turned YAML into JSON. */
export function spellingWarnings({ spec }: Warned): Warning[] {
  const warnings: Warning[] = [];
  for (const place of places(spec)) {
    warnings.push(...warningsAt(place));
    if (warnings.length >= ENOUGH) break;
  }
  return warnings;
}

function warningsAt({ value, path }: Place): Warning[] {
  if (value === null || typeof value !== 'object') return [];
  const at = (key: string | number) => pathOf([...path(), key], 'spec');
  if (Array.isArray(value)) return itemWarnings(value, at);
  return Object.keys(value)
    .filter((key) => Object.hasOwn(WORDS, key))
    .map((key) => ({
      path: at(key),
      message: `the key is ${key}, which is how YAML 1.1 reads ${WORDS[key]}; if it was one of these, quote it`,
    }));
}

/** The first item of a list that something else was probably meant by. */
function itemWarnings(items: readonly unknown[], at: (key: number) => string): Warning[] {
  const hasText = items.some((item) => typeof item === 'string');
  const odd = hasText ? items.findIndex((item) => typeof item === 'boolean' || typeof item === 'number') : -1;
  if (odd >= 0) {
    const what = `${items[odd]} is a ${typeof items[odd]} among texts`;
    const message = `${what}, and YAML 1.1 reads no as false, 1.10 as 1.1 and 007 as 7; if it is meant as text, quote it`;
    return [{ path: at(odd), message }];
  }
  const version = items.findIndex((item) => typeof item === 'number' && LIKE_A_VERSION.test(String(item)));
  if (version < 0) return [];
  const message = `${items[version]} is a number, and ${items[version]}0 would be the same one; if it is a version, quote it`;
  return [{ path: at(version), message }];
}
