import {
  type ASTNode,
  type Environment,
  EvaluationError,
  ParseError,
  TypeError as TypeFault,
} from '@marcbachmann/cel-js';
import { BoundedCache } from './cache.ts';
import { allowJoins } from './joins.ts';
import { MAX_SOURCE, newLanguage, REPLACED } from './language.ts';
import { nestingFindings } from './nesting.ts';
import type { Finding } from './problem.ts';
import { type Reference, referencesOf } from './references.ts';
import { workOfPatterns } from './regex.ts';
import { SITUATIONAL } from './scope.ts';
import { childrenOf, comprehensionOf } from './tree.ts';
import { redirectReplaced, vocabularyFindings } from './vocabulary.ts';
import { spend } from './work.ts';

/** An expression that says nothing that Ado's CEL does not have. Whether its names and types fit is for check.ts. */
export interface Compiled {
  readonly source: string;
  readonly tree: ASTNode;
  readonly references: readonly Reference[];
  readonly nodes: number;
  /** Whether evaluation may take more than a few steps for each node, so that its cost is worth estimating. */
  readonly costly: boolean;
  /** Evaluates with values as convert.ts makes them. */
  run(context: Record<string, unknown>): unknown;
}

export type Compilation = { compiled: Compiled } | { findings: readonly Finding[] };

/** Work of one expression, whatever it says. */
const EXPRESSION = 100;

const compilations = new BoundedCache<Compilation>(2_000, 100_000);

/** Parses and looks through an expression. Cached: decide() evaluates the same few expressions again and again. */
export function compile(source: string): Compilation {
  if (source.length > MAX_SOURCE) {
    const message = `the expression has ${source.length} characters; at most ${MAX_SOURCE} are allowed`;
    return { findings: [{ message, offset: 0 }] };
  }
  // Also where it is known already: what counts is the definition, not what was judged before it.
  spend(EXPRESSION + source.length + (source.includes('matches') ? workOfPatterns(source) : 0));
  return compilations.getOrAdd(
    source,
    () => compileAnew(source),
    (compilation) => ('compiled' in compilation ? compilation.compiled.nodes : 10),
  );
}

/** Everything is dyn: what is static was checked before. */
const evaluation = evaluationEnvironment();

function evaluationEnvironment(): Environment {
  const environment = newLanguage();
  for (const name of ['params', 'tasks', 'run', ...Object.keys(SITUATIONAL)]) environment.registerVariable(name, 'dyn');
  return environment;
}

function compileAnew(source: string): Compilation {
  if (source.trim() === '') return { findings: [{ message: 'the expression is empty', offset: 0 }] };
  try {
    const program = evaluation.parse(source);
    const findings = [...vocabularyFindings(program.ast), ...nestingFindings(program.ast)];
    if (findings.length > 0) return { findings };
    const references = referencesOf(program.ast);
    const { nodes, costly } = measure(program.ast);
    redirectReplaced(program.ast);
    allowJoins(program.ast);
    return { compiled: { source, tree: program.ast, references, nodes, costly, run: (context) => program(context) } };
  } catch (error) {
    return { findings: [findingOf(error)] };
  }
}

/** Parses for a check in another environment. Only for a source that compiles. */
export function parseIn(environment: Environment, source: string): ReturnType<Environment['parse']> {
  const program = environment.parse(source);
  redirectReplaced(program.ast);
  allowJoins(program.ast);
  return program;
}

function measure(tree: ASTNode): { nodes: number; costly: boolean } {
  let nodes = 0;
  let costly = false;
  const pending = [tree];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    nodes++;
    costly ||= comprehensionOf(node) !== undefined || ['call', 'rcall', '+', 'list', 'map', 'in'].includes(node.op);
    costly ||= node.op === '==' || node.op === '!=';
    pending.push(...childrenOf(node));
  }
  return { nodes, costly };
}

/** What cel-js threw, without its own drawing of the source and in the words of the user. */
export function findingOf(error: unknown): Finding {
  if (error instanceof ParseError || error instanceof TypeFault || error instanceof EvaluationError) {
    const offset = error.node?.pos ?? error.range?.start ?? 0;
    return { message: inUsersWords(error.summary), offset };
  }
  // Node's own RangeError for an exhausted stack: a source within the limits should not get here.
  if (error instanceof RangeError && /call stack/i.test(error.message)) {
    return { message: 'the expression is nested too deeply', offset: 0 };
  }
  return { message: error instanceof Error ? inUsersWords(error.message) : String(error), offset: 0 };
}

function inUsersWords(message: string): string {
  let text = message.replaceAll(/\bAdo(Params|Run|Task|Outputs)\w*/g, 'object').replaceAll('map<dyn, dyn>', 'map');
  text = text.replaceAll(/\bdyn<(\w+)>/g, '$1');
  for (const [name, replacement] of REPLACED) text = text.replaceAll(replacement, name);
  return text
    .replace(/^Exceeded maxAstNodes \((\d+)\)$/, 'the expression is too large: more than $1 terms and operators')
    .replace(/^Exceeded maxDepth \((\d+)\)$/, 'the expression is nested more than $1 levels deep')
    .replace(/^Exceeded (\w+) \((\d+)\)$/, 'the expression is too large: $1 is $2')
    .replace(/: EOF$/, ': the end of the expression')
    .replace(/, got EOF$/, ', got the end of the expression');
}
