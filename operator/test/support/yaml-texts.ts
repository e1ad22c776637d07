/** Every YAML text that people copy: the files of the examples and of config, and the blocks of the pages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ROOT } from './examples.ts';

export interface YamlText {
  /** Path from the root of the repository. */
  readonly file: string;
  /** Line of the file before the first line of the text. */
  readonly line: number;
  readonly text: string;
}

const filesIn = (folder: string, ends: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ends))
    .map((name) => join(folder, name))
    .sort();

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The blocks of YAML of a page. */
export function yamlBlocks(file: string, page: string): YamlText[] {
  return [...page.matchAll(/^```ya?ml\n([\s\S]*?)^```$/gm)].map(({ index, 1: text = '' }) => ({
    file,
    line: page.slice(0, index).split('\n').length,
    text,
  }));
}

export function yamlTexts(): YamlText[] {
  const pages = ['README.md', ...filesIn('docs', '.md'), ...filesIn('examples', '.md')];
  const files = [...filesIn('examples', '.yaml'), ...filesIn('config', '.yaml')];
  return [
    ...pages.flatMap((file) => yamlBlocks(file, textOf(file))),
    ...files.map((file) => ({ file, line: 0, text: textOf(file) })),
  ];
}

/** A value as it is read: by YAML 1.1, as kubectl does, or by the core of YAML 1.2, as most people think. */
function read(text: string, version: '1.1' | '1.2'): unknown[] {
  // kubectl leaves times as texts.
  const customTags = (tags: readonly unknown[]) =>
    tags.filter((tag) => tag !== 'timestamp' && (tag as { tag?: string }).tag !== 'tag:yaml.org,2002:timestamp');
  const documents = parseAllDocuments(text, { version, customTags: customTags as never, uniqueKeys: true });
  return (Array.isArray(documents) ? documents : []).map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS() as unknown;
  });
}

/** How the two readings of a text differ: file and line, and what stands there. */
export function misreadings({ file, line, text }: YamlText): string[] {
  const lines = text.split('\n');
  const whole = differs(text);
  if (!whole) return [];
  // The first lines up to which both agree are not it; the one after them is.
  const first = lines.findIndex((_, index) => differs(lines.slice(0, index + 1).join('\n'), true));
  const at = first < 0 ? lines.length - 1 : first;
  return [`${file}:${line + at + 1}: YAML 1.1 reads this otherwise: ${lines[at]?.trim()}`];
}

/** A text that was cut may be no YAML at all; that says nothing. */
function differs(text: string, isCut = false): boolean {
  try {
    return JSON.stringify(read(text, '1.1')) !== JSON.stringify(read(text, '1.2'));
  } catch {
    return !isCut;
  }
}
