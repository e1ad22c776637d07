import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOMS, type Room } from '../../hack/generate/rooms.ts';

/** What only tests and what they share may import besides. */
const TEST_PACKAGES = ['vitest', 'fast-check', 'yaml', 'node:', '@kubernetes/client-node'];

const MAX_LINES = 600;
const MAX_ENTRY_POINT_LINES = 150;
const OPERATOR = resolve(import.meta.dirname, '../..');
const SRC = join(OPERATOR, 'src');

interface Source {
  readonly path: string;
  readonly room: string;
  readonly isTest: boolean;
  readonly text: string;
  readonly imports: readonly string[];
}

const IMPORT = /^\s*(?:import|export)\b[^;'"]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function typescriptFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const sources: readonly Source[] = typescriptFiles(SRC).map((file) => {
  const path = relative(SRC, file);
  const text = readFileSync(file, 'utf8');
  const isTest = path.endsWith('.test.ts') || path.includes(`${sep}testing${sep}`);
  return { path, room: path.split(sep)[0] ?? '', isTest, text, imports: importsOf(text) };
});

/** The room and the path in it that a relative import leads to. */
function targetOf(source: Source, specifier: string): { room: string; path: string } {
  const path = relative(SRC, resolve(SRC, dirname(source.path), specifier));
  return { room: path.split(sep)[0] ?? '', path };
}

function problemOf(source: Source, specifier: string): string | undefined {
  const room = ROOMS[source.room];
  if (!room) return `the room ${source.room} is not in the table`;
  if (specifier.startsWith('.')) return relativeProblem(source, room, specifier);
  const allowed = source.isTest ? [...room.packages, ...TEST_PACKAGES] : room.packages;
  const known = allowed.some((name) =>
    name.endsWith(':') ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`),
  );
  return known ? undefined : `${source.room} may not import the package ${specifier}`;
}

function relativeProblem(source: Source, room: Room, specifier: string): string | undefined {
  const target = targetOf(source, specifier);
  if (target.path.startsWith('..')) return `${specifier} is outside of src`;
  if (target.room === source.room) return undefined;
  if (!room.rooms.includes(target.room)) return `${source.room} may not import ${target.room}`;
  const isDoor = target.path.endsWith(`${sep}index.ts`);
  return isDoor ? undefined : `${target.room} is entered by its index.ts, not by ${specifier}`;
}

type Edges = ReadonlyMap<string, ReadonlySet<string>>;

/** A way round through what imports each other, if there is one: `a -> b -> a`. */
function findCycle(edges: Edges): string | undefined {
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): string | undefined => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node].join(' -> ');
    if (done.has(node)) return undefined;
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next, [...trail, node]);
      if (cycle) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const cycle = visit(node, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/** The imports between groups of files; `groupOf` names the group of a path. */
function edgesBetween(of: readonly Source[], groupOf: (path: string) => string): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>();
  for (const source of of) {
    for (const specifier of source.imports.filter((name) => name.startsWith('.'))) {
      const [from, to] = [groupOf(source.path), groupOf(targetOf(source, specifier).path)];
      if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
  }
  return edges;
}

const folders = new Set(sources.map(({ path }) => dirname(path)));
const hasFolders = (folder: string) =>
  [...folders].some((other) => other.startsWith(`${folder}${sep}`) && !other.endsWith('testing'));

/** The folder of a file; a file beside folders stands for itself, since they may lie above and below it. */
const folderOf = (path: string) => (hasFolders(dirname(path)) ? path : dirname(path));

describe('the imports of the operator', () => {
  it('are read from its files, all forms of them', () => {
    const text = `import { a } from './a.ts';\nexport * from './b.ts';\nimport {\n  type C,\n  d,\n} from './c.ts';\nimport './e.ts';\nconst f = await import('./f.ts');`;
    expect(importsOf(text)).toEqual(['./a.ts', './b.ts', './c.ts', './e.ts', './f.ts']);
    expect(sources.length).toBeGreaterThan(50);
  });

  it('stay within what each room may import', () => {
    const problems = sources.flatMap((source) =>
      source.imports.flatMap((specifier) => {
        const problem = problemOf(source, specifier);
        return problem ? [`src/${source.path}: ${problem}`] : [];
      }),
    );
    expect(problems).toEqual([]);
  });

  it('never go round', () => {
    expect(findCycle(edgesBetween(sources, (path) => path.split(sep)[0] ?? ''))).toBeUndefined();
    expect(
      findCycle(
        new Map([
          ['a', new Set(['b'])],
          ['b', new Set(['c'])],
          ['c', new Set(['b'])],
        ]),
      ),
    ).toBe('b -> c -> b');
  });

  it('never go round through the folders of a room, nor through files of several folders', () => {
    const products = sources.filter(({ isTest }) => !isTest);
    expect(findCycle(edgesBetween(products, folderOf))).toBeUndefined();
  });

  it('would be refused if they broke the table', () => {
    const source: Source = { path: join('engine', 'x.ts'), room: 'engine', isTest: false, text: '', imports: [] };
    expect(problemOf(source, '../runtime/index.ts')).toBe('engine may not import runtime');
    expect(problemOf(source, '../api/kinds.ts')).toContain('entered by its index.ts');
    expect(problemOf(source, 'node:fs')).toBe('engine may not import the package node:fs');
    expect(problemOf({ ...source, room: 'misc' }, 'zod')).toContain('not in the table');
  });
});

describe('pure rooms', () => {
  const IMPURE =
    /\bnew Date\b|\bDate\.now\b|\bMath\.random\b|\bset(Timeout|Interval|Immediate)\(|\bprocess\.|\bawait\b/;

  it('know no time, randomness, process or promise', () => {
    const pure = sources.filter(({ room, isTest }) => ROOMS[room]?.pure && !isTest);
    const problems = pure.flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) => {
        const isComment = /^\s*(\*|\/\/|\/\*)/.test(line);
        return !isComment && IMPURE.test(line) ? [`src/${path}:${index + 1}: ${line.trim()}`] : [];
      }),
    );
    expect(problems).toEqual([]);
  });
});

describe('every room', () => {
  const rooms = readdirSync(SRC).filter((name) => name !== 'cmd');

  it('is in the table, and the table has no other', () => {
    expect(Object.keys(ROOMS).sort()).toEqual(readdirSync(SRC).sort());
  });

  it.each(rooms)('%s opens with a paragraph and numbered invariants', (room) => {
    const door = join(SRC, room, 'index.ts');
    expect(existsSync(door), `src/${room}/index.ts exists`).toBe(true);
    const [opening = ''] = /^\/\*\*\n \* [A-Z][\s\S]*?\*\//.exec(readFileSync(door, 'utf8')) ?? [];
    expect(opening).toMatch(/\n \* 1\. .*[\s\S]*\n \* 2\. /);
  });
});

describe('files', () => {
  const folders = ['src', 'hack', 'cluster', 'test'].map((name) => join(OPERATOR, name)).filter(existsSync);
  const lines = (file: string) => readFileSync(file, 'utf8').split('\n').length - 1;

  it(`have at most ${MAX_LINES} lines`, () => {
    const long = folders.flatMap(typescriptFiles).filter((file) => lines(file) > MAX_LINES);
    expect(long.map((file) => relative(OPERATOR, file))).toEqual([]);
  });

  it(`have at most ${MAX_ENTRY_POINT_LINES} lines where a process is entered`, () => {
    const entries = sources.filter(({ room, isTest }) => room === 'cmd' && !isTest).map(({ path }) => join(SRC, path));
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.filter((file) => lines(file) > MAX_ENTRY_POINT_LINES)).toEqual([]);
  });

  it('of the operator are no part of what only tests and developers need', () => {
    const outside = sources.filter(({ text }) => /from '[./]*\/(hack|cluster|test)\//.test(text));
    expect(outside.map(({ path }) => path)).toEqual([]);
  });
});
