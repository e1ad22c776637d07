/** The commands that pages show to be typed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './examples.ts';

/** Of the blocks of `console`, in order: what follows `$ `, with lines that `\` continues. */
export function commandsOf(page: string, heading?: string): string[] {
  return blocksOf(page, 'console', heading).flatMap((block) =>
    [...block.matchAll(/^\$ ((?:.*\\\n)*.*)$/gm)].map(([, command = '']) => command),
  );
}

/** Of the blocks of `sh`, in order: every line, with those that `\` continues. */
export function shellCommandsOf(page: string): string[] {
  return blocksOf(page, 'sh').flatMap((block) => block.match(/^(?:.*\\\n)*.+$/gm) ?? []);
}

function blocksOf(page: string, language: string, heading?: string): string[] {
  const text = sectionOf(readFileSync(join(ROOT, page), 'utf8'), heading);
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, given, block = '']) =>
    given === language ? [block] : [],
  );
}

/** The text from a heading to the next one that is not below it. @throws Error when there is no such heading */
function sectionOf(text: string, heading?: string): string {
  if (heading === undefined) return text;
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (first < 0) throw new Error(`the page has no heading "${heading}"`);
  const level = /^#+/.exec(lines[first] ?? '')?.[0].length ?? 0;
  const next = lines.findIndex((line, at) => at > first && new RegExp(`^#{1,${level}} `).test(line));
  return lines.slice(first, next < 0 ? undefined : next).join('\n');
}
