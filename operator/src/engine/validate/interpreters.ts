/** Which words of a command line an interpreter takes for a script, by how each of them is called. */
interface Interpreter {
  /** Flags after which a script comes: in the same word, or as the next one. */
  readonly flag: RegExp;
  /** Options whose next word is a value and no script. */
  readonly valued?: RegExp;
  /** The script comes after all options: `sh -c -e SCRIPT`. */
  readonly isLate?: true;
  /** There is one script, and all that follows are its arguments. */
  readonly isOne?: true;
  /** Unless there is such an option, the first word that is none is the script: `awk SCRIPT`. */
  readonly bare?: RegExp;
  /** Its name is an ordinary word, and so counts only where a command line begins. */
  readonly isFirst?: true;
}

const NEVER = /^(?!)/;
const SCRIPTS: readonly (readonly [name: RegExp, interpreter: Interpreter])[] = [
  [
    /^(?:r?ba|a|da|z|k|mk|pdk|c|tc|fi|ya|o)?sh$/,
    { flag: /^(?:-[a-zA-Z]*c[a-zA-Z]*$|--command(?:=|$))/, valued: /^[-+][oO]$/, isLate: true, isOne: true },
  ],
  [/^(?:pwsh|powershell)$/, { flag: /^[-/](?:c[a-z]*|e|ec|encodedcommand)$/i, isOne: true }],
  [/^(?:python|pypy|jython|micropython)$/, { flag: /^-(?![WXQm])[a-zA-Z]*c/, valued: /^-[WXQ]$/, isOne: true }],
  [/^(?:guile|expect)$/, { flag: /^-c/ }],
  [/^psql$/, { flag: /^(?:-c|--command(?:=|$))/ }],
  [/^(?:mysql|mariadb)$/, { flag: /^(?:-e|-[A-Z]{1,3}e$|--execute(?:=|$))/ }],
  [
    /^(?:perl|ruby|jruby|lua|luajit|rscript|julia|elixir|osascript|racket)$/,
    { flag: /^(?:-(?![IMmxrC])[a-zA-Z0-9]*[eE]|--(?:eval|expr)(?:=|$))/ },
  ],
  [/^(?:node|nodejs|bun)$/, { flag: /^(?:-[a-zA-Z]*[ep]|--(?:eval|print)(?:=|$))/ }],
  [/^deno$/, { flag: /^(?:eval$|--eval(?:=|$))/ }],
  [/^(?:mongo|mongosh|erl|emacs)$/, { flag: /^--?eval(?:=|$)/ }],
  [/^php$/, { flag: /^(?:-[rBRE]|--(?:run|process-(?:begin|code|end))(?:=|$))/ }],
  [
    /^[gmn]?awk$/,
    {
      flag: /^(?:-e|--source(?:=|$))/,
      valued: /^(?:-[vFfil]|--(?:assign|field-separator|file|include|load))$/,
      bare: /^(?:-[fe]|--(?:file|source))/,
    },
  ],
  [
    /^g?sed$/,
    {
      flag: /^(?:-[a-zA-Z]*e|--expression(?:=|$))/,
      valued: /^(?:-[fl]|--(?:file|line-length))$/,
      bare: /^(?:-[a-zA-Z]*[ef]|--(?:file|expression))/,
    },
  ],
  // A word that is a command line itself.
  [/^env$/, { flag: /^(?:-[a-zA-Z]*S|--split-string(?:=|$))/ }],
  [/^(?:su|runuser|script|flock)$/, { flag: /^(?:-[a-zA-Z]*c|--(?:session-)?command(?:=|$))/, isFirst: true }],
  [/^(?:r|groovy|scala|ghc)$/, { flag: /^-e/, isFirst: true }],
  [/^(?:eval|watch|parallel)$/, { flag: NEVER, bare: NEVER, isFirst: true }],
];

/** Of an image, whose entry point may be any: what shells call a script. */
const UNKNOWN: Interpreter = { flag: /^-[eiluvx]*c$/ };

/**
 * The positions of the words that an interpreter would execute. It may be called through others, as in
 * `env bash -c` and `timeout 5 python3 -c`, so each word is asked whether it is one.
 */
export function scriptPositions(words: readonly string[]): ReadonlySet<number> {
  const found = new Set<number>(scriptsOf(UNKNOWN, words, 0));
  for (const [index, word] of words.entries()) {
    const interpreter = interpreterOf(word);
    if (interpreter === undefined || (interpreter.isFirst && index > 0)) continue;
    for (const position of scriptsOf(interpreter, words, index + 1)) found.add(position);
  }
  return found;
}

/** By the last part of the path, without a version: python3.12, /usr/bin/lua5.4, node.exe. */
function interpreterOf(word: string): Interpreter | undefined {
  const file = word.slice(word.lastIndexOf('/') + 1).toLowerCase();
  const name = file.replace(/\.exe$/, '').replace(/-?\d[\d.]*$/, '');
  return SCRIPTS.find(([pattern]) => pattern.test(name))?.[1];
}

const isOption = (word: string) => /^[-+]./.test(word) && word !== '--';

function scriptsOf(interpreter: Interpreter, words: readonly string[], from: number): readonly number[] {
  const reader = new Reader(interpreter);
  for (let at = from; at < words.length && !reader.isDone; at++) {
    if (reader.read(words[at] ?? '', at)) at++;
  }
  return reader.found;
}

/** Reads a command line as its interpreter does. */
class Reader {
  readonly found: number[] = [];
  isDone = false;
  readonly #interpreter: Interpreter;
  #isNext = false;
  #isBare: boolean;

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
    this.#isBare = interpreter.bare !== undefined;
  }

  /** Whether the word after this one is the value of an option. */
  read(word: string, at: number): boolean {
    const { flag, valued, isLate, bare } = this.#interpreter;
    if (this.#isNext && !(isLate && isOption(word))) return this.#script(at);
    if (bare?.test(word)) this.#isBare = false;
    if (valued?.test(word)) return true;
    if (flag.test(word)) return this.#flag(word, at);
    if (this.#isBare && !isOption(word) && word !== '--') {
      this.#isBare = false;
      this.found.push(at);
    }
    return false;
  }

  #script(at: number): false {
    this.found.push(at);
    this.#isNext = false;
    this.isDone = this.#interpreter.isOne === true;
    return false;
  }

  /** The script may stand in the word itself. As in `sh -euoc pipefail SCRIPT`, the next word may be of another flag. */
  #flag(word: string, at: number): boolean {
    this.found.push(at);
    this.#isNext = true;
    return this.#interpreter.isLate === true && /^-[a-z]*o/i.test(word);
  }
}
