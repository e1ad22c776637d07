import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where statements begin, and how often unit tests ran them: the part of istanbul's format that is read here. */
interface FileCoverage {
  readonly path: string;
  readonly statementMap: Record<string, { readonly start: { readonly line: number; readonly column: number } }>;
  readonly s: Record<string, number>;
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** What V8 writes for one script of a process that was started with NODE_V8_COVERAGE. */
interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

/** For each source file, the ranges of every process that ran it. Types are stripped in place, so offsets are the source's. */
function rangesByFile(folder: string): Map<string, Range[][]> {
  const files = new Map<string, Range[][]>();
  if (!existsSync(folder)) return files;
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: ScriptCoverage[] };
    for (const { url, functions } of result) {
      if (!url.startsWith('file:')) continue;
      const path = fileURLToPath(url);
      const ranges = functions.flatMap((one) => one.ranges);
      files.set(path, [...(files.get(path) ?? []), ranges]);
    }
  }
  return files;
}

/** Whether the innermost range around an offset was run. */
function isRun(ranges: readonly Range[], offset: number): boolean {
  let innermost: Range | undefined;
  for (const range of ranges) {
    if (range.startOffset > offset || offset >= range.endOffset) continue;
    const size = range.endOffset - range.startOffset;
    if (!innermost || size <= innermost.endOffset - innermost.startOffset) innermost = range;
  }
  return (innermost?.count ?? 0) > 0;
}

function lineStarts(source: string): number[] {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

interface Sum {
  all: number;
  unit: number;
  both: number;
}

function sumOf(coverage: FileCoverage, processes: readonly Range[][]): Sum {
  const starts = lineStarts(readFileSync(coverage.path, 'utf8'));
  const sum = { all: 0, unit: 0, both: 0 };
  for (const [id, { start }] of Object.entries(coverage.statementMap)) {
    const byUnit = (coverage.s[id] ?? 0) > 0;
    const offset = (starts[start.line - 1] ?? 0) + start.column;
    sum.all++;
    if (byUnit) sum.unit++;
    if (byUnit || processes.some((ranges) => isRun(ranges, offset))) sum.both++;
  }
  return sum;
}

/**
 * Prints how many statements of each room were run: by the unit tests, and by them or by the operators that the other
 * tests started. Operators that were killed leave no record, so the second figure is a lower bound.
 */
export function printCoverage(root: string, folder: string): void {
  const file = join(folder, 'unit/coverage-final.json');
  if (!existsSync(file)) return;
  const processes = rangesByFile(join(folder, 'operator'));
  const rooms = new Map<string, Sum>();
  for (const coverage of Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, FileCoverage>)) {
    const room = relative(join(root, 'operator/src'), coverage.path).split('/')[0] ?? '';
    const add = sumOf(coverage, processes.get(coverage.path) ?? []);
    for (const name of [room, 'all']) {
      const sum = rooms.get(name) ?? { all: 0, unit: 0, both: 0 };
      rooms.set(name, { all: sum.all + add.all, unit: sum.unit + add.unit, both: sum.both + add.both });
    }
  }
  const percent = (part: number, all: number) => `${((100 * part) / Math.max(1, all)).toFixed(1)} %`.padStart(9);
  console.log('\nstatements       all     unit  with operators of the other tests');
  for (const [room, { all, unit, both }] of [...rooms].sort()) {
    console.log(`${room.padEnd(14)}${String(all).padStart(6)}${percent(unit, all)}${percent(both, all)}`);
  }
}
