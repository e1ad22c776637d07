/** Small changes to a source, each of which a test should notice. */
import { parseAst } from 'rolldown/parseAst';

export interface Mutant {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly line: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

const OPERATORS: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '+': '-',
  '-': '+',
  '&&': '||',
  '||': '&&',
  '??': '&&',
};

/** Every mutant of a file: turned conditions, comparisons, booleans and sums, and statements that are left out. */
export function mutantsOf(source: string): Mutant[] {
  const found: Mutant[] = [];
  const add = (from: number, to: number, text: string) =>
    found.push({ from, to, text, line: source.slice(0, from).split('\n').length });
  walk(parseAst(source, { lang: 'ts' }) as unknown as Node, (node) => {
    for (const [from, to, text] of changesOf(node, source)) add(from, to, text);
  });
  return found;
}

type Change = readonly [from: number, to: number, text: string];

function changesOf(node: Node, source: string): Change[] {
  const { type, start, end } = node;
  const test = node.test as Node | undefined;
  if ((type === 'IfStatement' || type === 'ConditionalExpression') && test) {
    return [
      [test.start, test.end, 'true'],
      [test.start, test.end, 'false'],
    ];
  }
  if (type === 'BinaryExpression' || type === 'LogicalExpression') return operatorOf(node, source);
  if (type === 'Literal' && typeof node.value === 'boolean') return [[start, end, String(!node.value)]];
  const isCall = type === 'ExpressionStatement' && (node.expression as Node).type !== 'Literal';
  return isCall ? [[start, end, ';']] : [];
}

function operatorOf(node: Node, source: string): Change[] {
  const left = node.left as Node;
  const right = node.right as Node;
  const operator = String(node.operator);
  const other = OPERATORS[operator];
  const at = source.indexOf(operator, left.end);
  return other === undefined || at > right.start ? [] : [[at, at + operator.length, other]];
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) for (const each of value) walk(each, visit);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return;
  if ('type' in value && 'start' in value) visit(value as Node);
  for (const each of Object.values(value)) if (typeof each === 'object') walk(each, visit);
}
