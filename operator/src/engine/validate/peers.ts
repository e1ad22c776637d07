/** A reference as Argo Workflows or Tekton write it. */
export interface Foreign {
  /** As it stands in the text. */
  readonly text: string;
  /** The same in CEL, if it is known. */
  readonly written?: string;
}

/** What both sides of `{{ }}` leave out: other braces, so that the text is looked through once. */
const BRACES = /(?<![${])\{\{([^{}\n]{1,200})\}\}/g;
const PARENTHESES = /(?<!\$)\$\(([a-z][^()$\n]{1,200})\)/gi;

/** Names with which a reference begins there or here. A Go template has a dot or a function there. */
const ROOT = '(?:params|parameters|inputs|outputs|tasks|steps|workflow|run|item|pod|lastRetry)';
const ARGO = new RegExp(`^(?:${ROOT}(?:\\.[\\w-]|\\[["'\\d])|item$)`);
/** Argo's expressions, `{{= }}`, may have a reference anywhere. */
const ARGO_EXPRESSION = new RegExp(`^=.*\\b${ROOT}(?:\\.[\\w-]|\\[["'])`);

const NAME = '[\\w-]+';
const TEKTON = new RegExp(
  `^(?:${[
    `(?:inputs\\.)?params(?:\\.${NAME}|\\[["']${NAME}["']\\])(?:\\.${NAME}|\\[[*\\d]+\\])?`,
    `(?:tasks|steps|finally)\\.${NAME}\\.(?:results|outputs|status)(?:\\.${NAME}|\\[[^\\]]+\\])*`,
    `results\\.${NAME}\\.path`,
    `workspaces\\.${NAME}\\.(?:path|bound|claim|volume)`,
    'context\\.(?:taskRun|pipelineRun|task|pipeline)\\.\\w+',
  ].join('|')})$`,
);
/** A program whose name is such a word: `$(params.sh)`. */
const PROGRAM = /^\w+\.(?:ba|z)?(?:sh|py|js|mjs|ts|rb|pl|php|exe|bin|out)$/;

/** References in a text that Ado does not evaluate, in the syntax of its peers, in their order. */
export function inPeersSyntax(text: string): Foreign[] {
  const braces = text.includes('{{') ? found(text, BRACES, isArgo) : [];
  const parentheses = text.includes('$(') ? found(text, PARENTHESES, isTekton) : [];
  return [...braces, ...parentheses];
}

const isArgo = (inner: string) => ARGO.test(inner) || ARGO_EXPRESSION.test(inner);
const isTekton = (inner: string) => TEKTON.test(inner) && !PROGRAM.test(inner);

function found(text: string, pattern: RegExp, isReference: (inner: string) => boolean): Foreign[] {
  return [...text.matchAll(pattern)].flatMap(([whole, captured = '']) => {
    const inner = captured.trim();
    if (!isReference(inner)) return [];
    const written = inCel(inner);
    return [{ text: whole, ...(written === undefined ? {} : { written }) }];
  });
}

const TRANSLATIONS: readonly (readonly [pattern: RegExp, write: (first: string, second: string) => string])[] = [
  [
    /^(?:workflow\.|inputs\.)?(?:params|parameters)(?:\.|\[["'])([\w-]+)(?:["']\])?$/,
    (name) => `params.${identifier(name)}`,
  ],
  [/^inputs\.([\w-]+)$/, (name) => `params.${identifier(name)}`],
  [
    /^(?:tasks|steps|finally)\.([\w-]+)\.(?:outputs\.parameters|outputs|results)\.([\w-]+)$/,
    (task, output) => `${taskPath(task)}.outputs.${identifier(output)}`,
  ],
  [/^(?:tasks|steps|finally)\.([\w-]+)\.status$/, (task) => `${taskPath(task)}.status`],
  [/^item((?:\.\w+)*)$/, (fields) => `item${fields}`],
  [/^(?:workflow|run|context\.(?:taskRun|pipelineRun))\.(name|namespace|uid)$/, (field) => `run.${field}`],
  [/^context\.pipeline\.name$/, () => 'run.workflow'],
];

/** A reference of a peer in CEL; nothing where there is no such thing, or no single one. */
function inCel(inner: string): string | undefined {
  for (const [pattern, write] of TRANSLATIONS) {
    const match = pattern.exec(inner);
    if (match) return write(match[1] ?? '', match[2] ?? '');
  }
  return undefined;
}

const identifier = (name: string) => name.replaceAll('-', '_');
const taskPath = (name: string) => (name.includes('-') ? `tasks["${name}"]` : `tasks.${name}`);
