import type { Finding } from './problem.ts';

/** A part of a template: text as it is, or an expression between `${{` and `}}` with its place in the template. */
export type Part = { readonly text: string } | { readonly source: string; readonly offset: number };

/** Expressions in one text. */
export const MAX_EXPRESSIONS = 64;

const OPEN = '${{';

/**
 * Splits a text at its `${{ }}`. `$${{` stands for the three characters themselves. Inside, CEL's strings, comments
 * and braces are followed, so that neither `'}}'` nor `{'a': {'b': 1}}` ends the expression. Linear in the text.
 */
export function scanTemplate(text: string): readonly Part[] | Finding {
  const parts: Part[] = [];
  let literal = '';
  let position = 0;
  for (let open = text.indexOf(OPEN); open !== -1; open = text.indexOf(OPEN, position)) {
    const start = open + OPEN.length;
    if (open > position && text[open - 1] === '$') {
      literal += `${text.slice(position, open - 1)}${OPEN}`;
      position = start;
      continue;
    }
    const end = endOfExpression(text, start);
    if (typeof end !== 'number') return end;
    if (parts.length >= 2 * MAX_EXPRESSIONS) return at(open, `a text has at most ${MAX_EXPRESSIONS} expressions`);
    parts.push({ text: literal + text.slice(position, open) }, { source: text.slice(start, end), offset: start });
    literal = '';
    position = end + 2;
  }
  parts.push({ text: literal + text.slice(position) });
  return parts.filter((part) => 'source' in part || part.text !== '');
}

function at(offset: number, message: string): Finding {
  return { message, offset };
}

/** The offset of the `}}` that ends the expression which starts here. */
function endOfExpression(text: string, start: number): number | Finding {
  let depth = 0;
  let position = start;
  while (position < text.length) {
    const character = text[position];
    if (character === '}' && depth === 0) {
      return text[position + 1] === '}' ? position : at(position, '"}" is unmatched; close "${{" with "}}"');
    }
    if (character === '{') depth++;
    if (character === '}') depth--;
    const next = endOfToken(text, position);
    if (typeof next !== 'number') return next;
    position = next;
  }
  return at(start - OPEN.length, '"${{" is not closed by "}}"; write $${{ for a literal ${{');
}

/** The end of a string or a comment; anything else is one character. */
function endOfToken(text: string, start: number): number | Finding {
  const character = text[start];
  if (character === '"' || character === "'") return endOfString(text, start, character);
  return text.startsWith('//', start) ? endOfComment(text, start) : start + 1;
}

/** A comment ends with its line, or with the expression. */
function endOfComment(text: string, start: number): number {
  for (let position = start; position < text.length; position++) {
    if (text[position] === '\n' || text.startsWith('}}', position)) return position;
  }
  return text.length;
}

function endOfString(text: string, start: number, quote: string): number | Finding {
  const close = text.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote;
  for (let position = start + close.length; position < text.length; position++) {
    if (text.startsWith(close, position)) return position + close.length;
    if (text[position] === '\\') position++;
    if (close.length === 1 && text[position] === '\n') break;
  }
  return at(start, 'the string is not closed');
}
