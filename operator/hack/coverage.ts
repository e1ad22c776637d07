import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

interface FileCoverage {
  readonly path: string;
  readonly statementMap: Record<string, unknown>;
  readonly s: Record<string, number>;
}

/** Prints how many statements of each room the unit tests ran. */
export async function printCoverage(root: string, folder: string): Promise<void> {
  const file = join(folder, 'unit/coverage-final.json');
  if (!existsSync(file)) return;
  const rooms = new Map<string, { all: number; run: number }>();
  for (const coverage of Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, FileCoverage>)) {
    const room = relative(join(root, 'operator/src'), coverage.path).split('/')[0] ?? '';
    const counts = Object.values(coverage.s);
    for (const name of [room, 'all']) {
      const sum = rooms.get(name) ?? { all: 0, run: 0 };
      rooms.set(name, { all: sum.all + counts.length, run: sum.run + counts.filter((n) => n > 0).length });
    }
  }
  console.log('\nstatements run by the unit tests');
  for (const [room, { all, run }] of [...rooms].sort()) {
    console.log(`${room.padEnd(14)}${`${((100 * run) / Math.max(1, all)).toFixed(1)} %`.padStart(8)}  of ${all}`);
  }
}
